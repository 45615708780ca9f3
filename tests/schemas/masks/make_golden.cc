// Writes the golden files of version 1 into a folder: wean-make-golden-masks tests/golden/masks
#include <filesystem>
#include <iostream>

#include "common/base/file.h"
#include "tests/schemas/masks/samples.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: wean-make-golden-masks FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  const auto keep = wean::Overwrite::kRefuse;  // a golden file is never replaced
  wean::publish_bytes(folder / "v1-tiny.wean", wean::test::encode(wean::test::tiny_content()), keep);
  wean::publish_bytes(folder / "v1.wean", wean::test::encode(wean::test::golden_content()), keep);
}
