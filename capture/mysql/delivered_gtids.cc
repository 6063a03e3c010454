#include "capture/mysql/delivered_gtids.h"

#include <utility>

namespace tidemark::capture::mysql {

uint32_t GtidNames::IndexOf(const GtidOrigin& origin) {
  std::lock_guard lock(mutex_);
  auto [known, is_new] = indexes_.try_emplace(origin, static_cast<uint32_t>(origins_.size()));
  if (is_new) origins_.push_back(origin);
  return known->second;
}

GtidOrigin GtidNames::OriginOf(uint32_t index) const {
  std::lock_guard lock(mutex_);
  return origins_[index];
}

absl::StatusOr<DeliveredGtids> DeliveredGtids::Parse(Naming naming, std::string_view text) {
  DeliveredGtids delivered;
  delivered.naming_ = naming;
  if (naming == Naming::kGtid) {
    absl::StatusOr<GtidSet> set = GtidSet::Parse(text);
    if (!set.ok()) return absl::DataLossError(set.status().message());
    delivered.set_ = *std::move(set);
  } else if (naming == Naming::kMariaDbGtid) {
    absl::StatusOr<MariaDbPosition> position = MariaDbPosition::Parse(text);
    if (!position.ok()) return absl::DataLossError(position.status().message());
    delivered.position_ = *std::move(position);
  }
  return delivered;
}

void DeliveredGtids::Add(const Gtid& gtid) {
  if (gtid.text.empty()) return;
  if (naming_ == Naming::kGtid) set_.Add(gtid.origin.uuid, gtid.origin.tag, gtid.number);
  if (naming_ == Naming::kMariaDbGtid) position_.Advance(gtid.mariadb);
}

std::string DeliveredGtids::ToString() const {
  return naming_ == Naming::kGtid ? set_.ToString() : position_.ToString();
}

}  // namespace tidemark::capture::mysql
