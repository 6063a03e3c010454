#include "model/bytes.h"

#include <algorithm>

namespace tidemark::model {

void Bytes::Grow(size_t n) {
  size_t wanted = std::max({size_ + n, capacity_ * 2, size_t{256}});
  std::unique_ptr<char[]> grown(new char[wanted]);  // uninitialised on purpose
  if (size_ > 0) std::memcpy(grown.get(), data_.get(), size_);
  data_ = std::move(grown);
  capacity_ = wanted;
}

}  // namespace tidemark::model
