# Sourced. Offers download, and sets $cache: the folder that programs are unpacked into: $TIDEMARK_CACHE, else /var/cache/tidemark for
# root (whose servers run as another user, who cannot read root's home), else ${XDG_CACHE_HOME:-~/.cache}/tidemark.
if [ -n "${TIDEMARK_CACHE:-}" ]; then
  cache=$TIDEMARK_CACHE
elif [ "$(id -u)" = 0 ]; then
  cache=/var/cache/tidemark
else
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/tidemark
fi

# Runs a command that downloads, up to three times: a mirror may fail once.
download() { # COMMAND...
  local attempt
  for attempt in 1 2 3; do
    "$@" && return
    [ "$attempt" = 3 ] || sleep $((attempt * 5))
  done
  return 1
}
