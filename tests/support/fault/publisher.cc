// A tool that only publishes: the smallest victim of fault_test.py, so that PendingFile is proven apart from every
// tool. usage: publisher OUTPUT [--force]
#include <CLI/CLI.hpp>
#include <fstream>

#include "common/base/file.h"
#include "common/cli/run_main.h"

int main(int argc, char** argv) {
  wean::cli::CommonOptions common;
  std::string output;
  bool in_place = false;
  const auto declare = [&](CLI::App& app) {
    wean::cli::add_common_options(app, common);
    app.add_option("output", output)->required();
    app.add_flag("--in-place", in_place);
  };
  const auto run = [&] {
    if (in_place) {
      std::ofstream(output) << std::string(20000, 'a') << std::flush << std::string(20000, 'b');
      return std::string("written in place\n");
    }
    const wean::WriterLock lock(output);
    wean::PendingFile file(output, common.force ? wean::Overwrite::kReplace : wean::Overwrite::kRefuse);
    for (int i = 0; i < 40; ++i) {
      const std::string part(1000, static_cast<char>('A' + i));
      file.write(std::as_bytes(std::span(part)));
    }
    file.publish();
    return std::string("published\n");
  };
  return wean::cli::run_main({"publisher", "Publishes 40,000 bytes", declare, run}, argc, argv);
}
