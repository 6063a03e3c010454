#ifndef TIDEMARK_CAPTURE_MYSQL_WATERMARK_ROWS_H_
#define TIDEMARK_CAPTURE_MYSQL_WATERMARK_ROWS_H_

#include <cstdint>
#include <mutex>
#include <set>

namespace tidemark::capture::mysql {

// Which rows of the watermark table the readers of a source have: the lowest free ones, so that the
// table never grows beyond their number. Thread-safe.
class WatermarkRows {
 public:
  // One row, as long as this lives. `rows` must outlive it.
  class Lease {
   public:
    explicit Lease(WatermarkRows* rows) : rows_(rows), number_(rows->Take()) {}
    ~Lease() { rows_->Return(number_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    uint32_t number() const { return number_; }

   private:
    WatermarkRows* const rows_;
    const uint32_t number_;
  };

 private:
  uint32_t Take();
  void Return(uint32_t number);

  std::mutex mutex_;
  std::set<uint32_t> taken_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_WATERMARK_ROWS_H_
