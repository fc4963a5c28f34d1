#!/bin/sh
# stack.sh COMMAND: the Docker stack of compose.yaml. Needs a POSIX shell and Docker with
# Compose 2 or 1.29; COMPOSE names another command than the one found.
#
#   up         build, start, wait until all services are healthy, say where to listen
#   replay     speak the file WAV (into FEED) through the stack, until it has been played
#   captures   convert and check captures (the newest, or TS=..., or ALL=1), fetch them
#   running    succeed if the stack is up; says nothing
#   logs, ps, down, purge
set -eu
cd "$(dirname "$0")/.."
command=$1
HEALTHY_S=120

die() {
  echo "make $command: $*" >&2
  exit 1
}

compose() { $COMPOSE "$@"; }

find_compose() {
  if [ -z "${COMPOSE:-}" ]; then
    if docker compose version >/dev/null 2>&1; then
      COMPOSE="docker compose"
    elif command -v docker-compose >/dev/null 2>&1; then
      COMPOSE=docker-compose
    else
      return 1
    fi
  fi
}

need_docker() {
  command -v docker >/dev/null 2>&1 ||
    die "there is no docker command: install Docker, or use \`make run\`, which needs none"
  if ! why=$(docker version 2>&1 >/dev/null); then
    case $why in
      *"permission denied"*) die "you may not use Docker: add yourself to the group docker" ;;
      *) die "Docker does not answer: start it" ;;
    esac
  fi
  find_compose || die "Docker has no Compose: install its plugin, or docker-compose 1.29"
}

# container SERVICE: print the ID of its container, if it runs
container() {
  id=$(compose ps -q "$1" 2>/dev/null | head -n 1)
  [ -n "$id" ] && [ "$(docker inspect -f '{{.State.Running}}' "$id")" = true ] && echo "$id"
}

need_stack() {
  container streamer >/dev/null || die "the stack is not up: \`make up\` starts it"
}

# The host's address in its own network, which no container can see. Nothing is sent: the
# address asked for is one that is nobody's (RFC 5737).
lan_address() {
  if command -v ip >/dev/null 2>&1; then
    ip -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p'
  elif command -v ipconfig >/dev/null 2>&1; then
    ipconfig getifaddr "$(route -n get default 2>/dev/null | sed -n 's/.*interface: //p')"
  fi
}

up() {
  LAN_ADDRESS=${LAN_ADDRESS:-$(lan_address || true)}
  export LAN_ADDRESS
  compose build
  echo "starting; the first time, Valkey's image is fetched"
  if ! said=$(compose up --detach --remove-orphans 2>&1); then
    compose stop >/dev/null 2>&1 || true
    case $said in
      *"already allocated"* | *"already in use"* | *"orts are not available"*)
        taken=PORT port=${PORT:-8910}
        case $said in *:"${UDP_PORT:-8911}"[!0-9]*) taken=UDP_PORT port=${UDP_PORT:-8911} ;; esac
        die "port $port is taken: choose another, \`make up $taken=...\`" ;;
    esac
    echo "$said" >&2
    die "Docker could not start it"
  fi
  await_health
  port=$(compose port streamer 8910)
  echo "Playhead: open http://localhost:${port##*:} to listen."
  if [ -n "$LAN_ADDRESS" ]; then
    echo "From other machines: http://$LAN_ADDRESS:${port##*:}"
  fi
  echo "\`make logs\` follows it, \`make down\` stops it and keeps all data, \`make purge\` does not."
}

await_health() {
  ids=$(compose ps -q)
  left=$HEALTHY_S
  while :; do
    waiting=
    for id in $ids; do
      case $(docker inspect -f '{{.State.Status}} {{.State.Health.Status}} {{.RestartCount}}' "$id") in
        "running healthy "*) ;;
        "running starting 0" | "running unhealthy "*) waiting=$id ;;
        *) failed "$id" "does not stay up" ;;
      esac
    done
    [ -n "$waiting" ] || return 0
    [ "$left" -gt 0 ] || failed "$waiting" "is not healthy after $HEALTHY_S s"
    sleep 1
    left=$((left - 1))
  done
}

# failed CONTAINER WHY: show its last words, stop everything, give up
failed() {
  service=$(docker inspect -f '{{index .Config.Labels "com.docker.compose.service"}}' "$1")
  docker logs --tail 5 "$1" >&2 || true
  compose stop >/dev/null 2>&1 || true
  die "$service $2; its last lines are above, and all is stopped"
}

# The file goes in by standard input, so it may be any that its owner can read, of any name,
# on any machine that Docker runs on. It is spooled to a volume that ends with the container.
replay() {
  [ -n "${WAV:-}" ] || die "which file? \`make replay WAV=path\`"
  [ ! -d "$WAV" ] || die "WAV: $WAV is a folder"
  [ -e "$WAV" ] || die "WAV: there is no file $WAV"
  [ -r "$WAV" ] || die "WAV: $WAV may not be read"
  need_stack
  set --
  if [ -t 1 ]; then
    # a bar, although the program's output passes through a pipe on its way to this terminal
    set -- -e FORCE_COLOR=1 -e "COLUMNS=$(tput cols 2>/dev/null || echo 80)"
  fi
  replaying=playhead-replay-$$ running=
  trap end_replay EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # in the background, so that a signal is heeded at once; -P: what lies beside the file is no code
  $COMPOSE run --rm --name "$replaying" --no-deps -T -v /app/spool -w /app/spool "$@" \
    -e LOG_CONSOLE= -e LOG_DIR=/app/logs -e PYTHONPATH=/app producer \
    sh -c 'cat >"$0" && exec python -P -m producer "$0"' "./$(basename "$WAV")" <"$WAV" &
  running=$!
  wait "$running"
}

# Compose does not always end what it runs when it is ended itself (2.26), so that comes first:
# the producer ends its response, and Compose with it.
end_replay() {
  {
    docker stop "$replaying" || kill "$running"
    wait "$running"
    docker rm --force --volumes "$replaying"
  } >/dev/null 2>&1 || true
}

# Not in the streamer's own container: its memory and its clock are for playing.
captures() {
  id=$(container streamer) || die "the stack is not up"
  folder=${CAPTURE_DIR:-captured}
  mkdir -p "$folder"
  tar=$folder/.export.tar
  trap 'rm -f "$tar"' EXIT
  set -- --newest
  [ -z "${ALL:-}" ] || set -- --all
  [ -z "${TS:-}" ] || set -- --ts "$TS"
  code=0
  docker run --rm --cpu-shares 128 --volumes-from "$id" --network none --read-only \
    --cap-drop ALL --security-opt no-new-privileges "$(docker inspect -f '{{.Image}}' "$id")" \
    python -m captures export "$@" >"$tar" || code=$?
  if [ -s "$tar" ]; then
    tar -xof "$tar" -C "$folder"
    echo "fetched into $folder"
  fi
  exit "$code"
}

case $command in
  up | replay | logs | ps | down | purge) need_docker ;;
  captures | running) find_compose ;;
esac
case $command in
  up | replay | captures) "$command" ;;
  running) command -v docker >/dev/null 2>&1 && container streamer >/dev/null ;;
  logs) need_stack && compose logs --follow --tail 100 ;;
  ps) compose ps ;;
  down) compose down --remove-orphans ;;
  purge) compose down --remove-orphans --volumes ;;
esac
