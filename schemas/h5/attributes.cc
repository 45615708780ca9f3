#include <string>

#include "schemas/h5/container.h"

namespace wean::h5 {
namespace {

Handle text_type(std::size_t bytes, const std::string& where) {
  Handle type = own(H5Tcopy(H5T_C_S1), H5Tclose, ErrorCode::kIo, where);
  check(H5Tset_size(type.get(), bytes), ErrorCode::kIo, where);
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), ErrorCode::kIo, where);
  check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), ErrorCode::kIo, where);
  return type;
}

void write_scalar(hid_t file, const std::string& name, hid_t type, const void* data, const std::string& where) {
  const Handle space = own(H5Screate(H5S_SCALAR), H5Sclose, ErrorCode::kIo, where);
  const Handle attribute =
      own(H5Acreate2(file, name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose, ErrorCode::kIo, where);
  check(H5Awrite(attribute.get(), type, data), ErrorCode::kIo, where, ": cannot write");
}

}  // namespace

void File::set(const Attribute& attribute) {
  const Session session;
  const std::string where = name_ + ": attribute '" + attribute.name + "'";
  if (const auto* integer = std::get_if<std::uint64_t>(&attribute.value)) {
    write_scalar(id(), attribute.name, H5T_STD_U64LE, integer, where);
  } else if (const auto* number = std::get_if<double>(&attribute.value)) {
    write_scalar(id(), attribute.name, H5T_IEEE_F64LE, number, where);
  } else {
    std::string text = std::get<std::string>(attribute.value);
    require(text.size() <= kMaxText, ErrorCode::kUsage, where, ": ", text.size(), " bytes; at most ", kMaxText,
            " are allowed");
    require(text.find('\0') == std::string::npos, ErrorCode::kUsage, where, ": holds a NUL character");
    if (text.empty()) text.push_back('\0');  // an HDF5 string has at least one byte; padding is not content
    const Handle type = text_type(text.size(), where);
    write_scalar(id(), attribute.name, type.get(), text.data(), where);
  }
}

}  // namespace wean::h5
