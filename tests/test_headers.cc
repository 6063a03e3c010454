// CMake precompiles headers for a target, which takes a source: this one.
