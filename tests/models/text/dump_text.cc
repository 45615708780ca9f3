// For the Python tests: cleaned prompts and token ids. Input on stdin: each text after its size in bytes as u64.
//   dump_text clean                    stdout: each cleaned text after its size as u64
//   dump_text tokens FOLDER LENGTH     stdout: the ids of each text on a line
#include <iostream>
#include <optional>

#include "common/base/error.h"
#include "models/text/clean.h"
#include "models/text/tokenizer.h"

namespace {

std::optional<std::string> next_text() {
  std::uint64_t size = 0;
  if (!std::cin.read(reinterpret_cast<char*>(&size), sizeof size)) return std::nullopt;
  std::string text(size, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(size));
  return text;
}

void clean() {
  while (const auto text = next_text()) {
    const std::string cleaned = wean::models::clean_prompt(*text);
    const std::uint64_t size = cleaned.size();
    std::cout.write(reinterpret_cast<const char*>(&size), sizeof size) << cleaned;
  }
}

void tokens(const std::string& folder, std::size_t length) {
  const auto tokenizer = wean::models::Tokenizer::open(folder);
  while (const auto text = next_text()) {
    for (const std::int64_t id : tokenizer.encode(*text, length)) std::cout << id << ' ';
    std::cout << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() == 1 && arguments[0] == "clean") {
      clean();
    } else if (arguments.size() == 3 && arguments[0] == "tokens") {
      tokens(arguments[1], std::stoul(arguments[2]));
    } else {
      std::cerr << "usage: dump_text clean | tokens FOLDER LENGTH\n";
      return 2;
    }
    return 0;
  } catch (const wean::Error& error) {
    std::cerr << error.what() << '\n';
    return static_cast<int>(error.code());
  }
}
