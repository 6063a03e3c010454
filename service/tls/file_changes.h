#ifndef TIDEMARK_SERVICE_TLS_FILE_CHANGES_H_
#define TIDEMARK_SERVICE_TLS_FILE_CHANGES_H_

#include <string>
#include <vector>

namespace tidemark::service {

// Tells when files have changed, by what the file system says of them. Links are followed: a new
// target is a change. Not thread-safe.
class FileChanges {
 public:
  // What counts as unchanged is what is there now. "" stands for no file.
  explicit FileChanges(std::vector<std::string> files);

  // True once for each change, when nothing has moved since the last call: files that are written
  // one after the other are seen together.
  bool Settled();

 private:
  std::string Marks() const;

  std::vector<std::string> files_;
  std::string seen_;
  std::string taken_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_TLS_FILE_CHANGES_H_
