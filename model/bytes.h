#ifndef TIDEMARK_MODEL_BYTES_H_
#define TIDEMARK_MODEL_BYTES_H_

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace tidemark::model {

// A growing byte buffer that never zero-fills and is written through a raw cursor: what the hot
// encoders append to. Move-only. Not thread-safe.
//
// Use: Reserve(n), write at most n bytes at end(), Advance(written). Append and friends do that
// themselves.
class Bytes {
 public:
  Bytes() = default;
  Bytes(Bytes&& other) noexcept { Swap(other); }
  Bytes& operator=(Bytes&& other) noexcept {
    Bytes taken(std::move(other));
    Swap(taken);
    return *this;
  }

  char* data() { return data_.get(); }
  const char* data() const { return data_.get(); }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t capacity() const { return capacity_; }
  std::string_view view() const { return {data_.get(), size_}; }

  // Makes room for `n` more bytes; pointers into the buffer are invalid afterwards.
  void Reserve(size_t n) {
    if (capacity_ - size_ < n) Grow(n);
  }
  char* end() { return data_.get() + size_; }
  // REQUIRES: at most what Reserve made room for.
  void Advance(size_t n) { size_ += n; }

  void Append(std::string_view bytes) {
    Reserve(bytes.size());
    if (!bytes.empty()) std::memcpy(end(), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void Push(char byte) {
    Reserve(1);
    *end() = byte;
    ++size_;
  }
  // Keeps the first `n` bytes. REQUIRES: n <= size().
  void Truncate(size_t n) { size_ = n; }
  // Empties it, and keeps the memory.
  void Clear() { size_ = 0; }

 private:
  void Swap(Bytes& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  void Grow(size_t n);

  std::unique_ptr<char[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace tidemark::model

#endif  // TIDEMARK_MODEL_BYTES_H_
