// wean-make-test-plan PROFILE OUT [floor=x] [diagonal=0|1] [keep=x] [score=0..4] [scope=0|1]: a plan for command-line
// tests. Without score every site has its own rule (mixed_rule), with score all sites have the same.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <string>

#include "tests/pack/plans.h"

namespace {

using Fields = std::map<std::string, double>;

Fields parse(int argc, char** argv) {
  Fields fields;
  for (int i = 3; i < argc; ++i) {
    const std::string text = argv[i];
    const std::size_t equal = text.find('=');
    fields[text.substr(0, equal)] = std::stod(text.substr(equal + 1));
  }
  return fields;
}

wean::testing::RowRule rule_of(Fields fields) {
  if (!fields.contains("score")) return wean::testing::mixed_rule;
  return wean::testing::uniform_rule(static_cast<wean::Score>(fields["score"]),
                                     static_cast<wean::CutScope>(fields["scope"]), fields["keep"]);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const wean::ProfileReader profile(argv[1]);
    Fields fields = parse(argc, argv);
    wean::Plan plan = wean::testing::make_plan(profile.meta(), profile.content_digest(), rule_of(fields));
    plan.row_floor = fields["floor"];
    plan.keep_diagonal = fields["diagonal"] != 0;
    wean::write_plan(argv[2], plan, true);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << "wean-make-test-plan: error: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
