// wean-h5-tool: what the Python tests of wean's HDF5 files run.
//   known profile|shard|plan OUT   writes the file of known.h (also how golden files are made)
//   rewrite IN OUT                 reads a file of any kind and writes its content again
//   check FILE...                  reads each file whole; one line each: "ok KIND DIGEST" or "CODE MESSAGE"
//   locale NAME known ...          the same under another locale; "comma" is one with 1.234,5
#include <unistd.h>

#include <clocale>
#include <iostream>
#include <locale>
#include <span>
#include <string>

#include "common/base/error.h"
#include "common/base/file.h"
#include "schemas/profile/kind.h"
#include "tests/schemas/h5/known.h"

namespace {

struct Comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

void use_locale(const std::string& name) {
  const bool comma = name == "comma";
  std::setlocale(LC_ALL, comma ? "C" : name.c_str());
  std::locale::global(comma ? std::locale(std::locale(), new Comma) : std::locale(name));
}

/// A plan's content as the digest of its canonical bytes.
std::string bytes_of_content(const wean::Plan& plan) {
  const std::filesystem::path copy = std::filesystem::temp_directory_path() / ("h5-tool-" + std::to_string(::getpid()));
  wean::write_plan(copy, plan, true);
  const wean::Digest digest = wean::sha256(wean::read_file(copy, 1 << 28));
  std::filesystem::remove(copy);
  return wean::to_hex(digest);
}

std::string read_whole(const std::filesystem::path& path) {
  switch (wean::h5_kind(path)) {
    case wean::H5Kind::kPlan:
      return "plan " + bytes_of_content(wean::read_plan(path));
    case wean::H5Kind::kProfile: {
      const wean::ProfileReader reader(path);
      reader.validate();
      return "profile " + wean::to_hex(reader.content_digest());
    }
    case wean::H5Kind::kShard:
      break;
  }
  const wean::ShardReader reader(path);
  reader.validate();
  return "shard " + wean::to_hex(reader.content_digest());
}

void check(const std::string& path) {
  try {
    const std::string content = read_whole(path);
    std::cout << "ok " << content << std::endl;
  } catch (const wean::Error& error) {
    std::cout << static_cast<int>(error.code()) << " " << error.what() << std::endl;
  }
}

void write_known(const std::string& kind, const std::string& path) {
  if (kind == "profile") {
    wean::testing::write_known_profile(path);
  } else if (kind == "shard") {
    wean::testing::write_known_shard(path);
  } else {
    wean::testing::write_known_plan(path);
  }
}

int run(std::span<char*> arguments) {
  const std::string command = arguments.empty() ? "" : arguments[0];
  if (command == "locale" && arguments.size() > 2) {
    use_locale(arguments[1]);
    return run(arguments.subspan(2));
  }
  if (command == "known" && arguments.size() == 3) {
    write_known(arguments[1], arguments[2]);
  } else if (command == "rewrite" && arguments.size() == 3) {
    wean::testing::rewrite(arguments[1], arguments[2]);
  } else if (command == "check") {
    for (const char* path : arguments.subspan(1)) check(path);
  } else {
    std::cerr << "usage: wean-h5-tool known|rewrite|check|locale ...\n";
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
  } catch (const std::exception& error) {
    std::cerr << "wean-h5-tool: " << error.what() << "\n";
    return 1;
  }
}
