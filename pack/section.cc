#include "pack/section.h"

#include "common/base/parallel.h"

namespace wean::pack {

SectionPacker::SectionPacker(const ProfileReader& profile, const Carrier& carrier, const SiteRules& rules, int threads)
    : profile_(profile), carrier_(carrier), rules_(rules), threads_(threads) {}

SectionPacker::Recipe SectionPacker::recipe_of(const PlanRow& row) const {
  return {row.expert, row.layer, row.head, source_branch(profile_.meta(), row.branch), row.score, row.scope, row.keep};
}

SectionStatistics SectionPacker::load(std::span<const PlanRow> rows) const {
  ScoreSet scores{};
  for (const PlanRow& row : rows) {
    const bool known = row.score == Score::kMassPooled && pooled_.contains(recipe_of(row));
    if (!known) scores[static_cast<std::size_t>(row.score)] = true;
  }
  const PlanRow& first = rows.front();
  const SlabKey key{phase_, source_branch(profile_.meta(), first.branch), first.expert, first.layer};
  return load_statistics(profile_, key, scores, rules_.transfer == Transfer::kPaper ? 1 : carrier_.width());
}

SiteMask SectionPacker::make(const PlanRow& row, const SectionStatistics& statistics) const {
  const auto known = row.score == Score::kMassPooled ? pooled_.find(recipe_of(row)) : pooled_.end();
  if (known == pooled_.end()) return cut_site(rules_, carrier_, row, statistics);
  SiteMask site = known->second;
  const auto carried = carrier_.carry(Score::kMass, statistics.of(Score::kMass, row.head));
  site.recall = recall_of(rules_.target, site.mask, carried);
  return site;
}

std::vector<SiteMask> SectionPacker::pack(std::uint32_t profile_phase, std::span<const PlanRow> rows) {
  if (profile_phase != phase_) of_phase_.clear();
  phase_ = profile_phase;
  std::vector<PlanRow> missing;
  for (const PlanRow& row : rows) {
    if (row.rule == Rule::kRanked && !of_phase_.contains(recipe_of(row))) missing.push_back(row);
  }
  if (!missing.empty()) {
    const SectionStatistics statistics = load(missing);
    std::vector<SiteMask> made(missing.size());
    parallel_for(static_cast<std::int64_t>(missing.size()), threads_, [&](std::int64_t i) {
      const auto at = static_cast<std::size_t>(i);
      made[at] = make(missing[at], statistics);
    });
    for (std::size_t i = 0; i < missing.size(); ++i) {
      if (missing[i].score == Score::kMassPooled) pooled_.insert_or_assign(recipe_of(missing[i]), made[i]);
      of_phase_.insert_or_assign(recipe_of(missing[i]), std::move(made[i]));
    }
  }
  std::vector<SiteMask> sites;
  for (const PlanRow& row : rows) {
    sites.push_back(row.rule == Rule::kDense ? SiteMask{} : of_phase_.at(recipe_of(row)));
  }
  return sites;
}

}  // namespace wean::pack
