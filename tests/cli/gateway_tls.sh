# TLS on both sides of the gateway, on the real binary: OpenSSL's and curl's clients before it, Python's server behind it.
. "$(dirname "$0")/common.sh"
for program in python3 curl openssl; do command -v $program >/dev/null || skip "no $program"; done

# authority NAME; certificate NAME AUTHORITY: signed by it for localhost and 127.0.0.1
new_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2)
authority() { openssl req -x509 "${new_key[@]}" -subj "/CN=$1" -keyout "$1.key" -out "$1.pem" 2>openssl.log || fail "openssl"; }
certificate() {
  openssl req -x509 "${new_key[@]}" -subj "/CN=$1" -keyout "$1.key" -out "$1.pem" -CA "$2.pem" -CAkey "$2.key" \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>openssl.log || fail "openssl"
}
authority ca
authority other
certificate server ca
certificate gateway ca

# model NAME PORT_FILE [CA_OF_ITS_CLIENTS]
model() {
  rm -f "$2"
  python3 "$SOURCE/tests/support/model_server.py" "$1" server.pem server.key "${@:3}" >"$2" &
  kill_at_end $!
  until [ -s "$2" ]; do sleep 0.05; done
}
model original original.port
model candidate candidate.port
rollout() {
  cat <<TOML
steps = [500000]
listen = "127.0.0.1:0"
original_url = "https://localhost:$(cat original.port)"
candidate_url = "https://127.0.0.1:$(cat candidate.port)"
tls_certificate = "../gateway.pem"
tls_key = "../gateway.key"
tls_ca = "../$1.pem"
TOML
}
rollout ca | python3 "$SOURCE/tests/support/gated_pass.py" pass
expect_exit 0 "$SCALE" evaluate start --dir pass
kill_at_end "$(python3 -c 'import json; print(json.load(open("pass/.scale/rollout/gateway.json"))["pid"])')"
expect_grep 'https://127.0.0.1:[0-9]+/v1'
address=$(python3 -c 'import json; print(json.load(open("pass/.scale/rollout/gateway.json"))["address"])')
port=${address##*:}
body='{"model":"original","user":"USER","messages":[{"role":"user","content":"who?"}]}'
ask() { curl -s --cacert ca.pem "https://localhost:$port/v1/chat/completions" -H 'content-type: application/json' "$@"; }

# Both arms are served through verified connections, streamed or not, to curl.
for user in $(seq 30); do ask -d "${body/USER/$user}"; echo; done >answers
grep -q 'I am original' answers && grep -q 'I am candidate' answers || fail "one arm did not serve: $(head -c 300 answers)"
refuse_grep error answers
ask -d "${body/\"model\"/\"stream\":true,\"model\"}" >stream
expect_grep '^data: \[DONE\]' stream
[ "$(ask -o reply -w '%{http_version} %{ssl_verify_result}' -d "$body")" = "1.1 0" ] || fail "not HTTP/1.1 on a verified connection"
# Commands speak to it too: they know its certificate.
expect_exit 0 "$SCALE" evaluate status --dir pass --json
expect_json 'it["running"] and it["arms"]["candidate"]["requests"] > 0 and it["gateway"]["tls"]["problem"] == ""'

# Who does not speak TLS as we do gets no answer; the next client is served.
expect_exit 60 curl -s --cacert other.pem "https://localhost:$port/health"
curl -s -m 10 "http://localhost:$port/health" >plain 2>&1 && fail "plain HTTP was answered: $(cat plain)"
client() { openssl s_client -connect "127.0.0.1:$port" -CAfile ca.pem -verify_return_error "$@" </dev/null >client.log 2>&1; }
client || fail "openssl s_client: $(tail -3 client.log)"
client -tls1_2 || fail "no TLS 1.2: $(tail -3 client.log)"
client -cipher 'ALL:@SECLEVEL=0' -tls1_1 && fail "TLS 1.1 was accepted"
client -alpn h2 && fail "a client that speaks only HTTP/2 was accepted"
expect_grep 'no application protocol' client.log
client -tls1_2 -cipher AES128-SHA && fail "a cipher without forward secrecy was accepted"
# Renegotiation: OpenSSL's client asks for it with a line "R".
(sleep 0.3; echo R; sleep 0.5) | openssl s_client -connect "127.0.0.1:$port" -tls1_2 >client.log 2>&1
expect_grep 'RENEGOTIATING' client.log
expect_grep 'no renegotiation' client.log
curl -s --cacert ca.pem "https://localhost:$port/health" >health; expect_grep ok health

# Another certificate without a restart, by SIGHUP or by itself; a damaged one changes nothing.
subject() { openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | grep -o 'subject=.*'; }
shows() { for _ in $(seq 100); do [ "$(subject)" = "subject=CN = $1" ] && return; sleep 0.1; done; fail "the certificate is $(subject)"; }
shows gateway
certificate fresh ca
mv fresh.key gateway.key && mv fresh.pem gateway.pem
kill -HUP "$(python3 -c 'import json; print(json.load(open("pass/.scale/rollout/gateway.json"))["pid"])')"
shows fresh
echo damaged >gateway.pem
for _ in $(seq 50); do grep -q 'the certificate in use stays' pass/.scale/rollout/gateway.log && break; sleep 0.1; done
expect_grep 'cannot be used.*the certificate in use stays' pass/.scale/rollout/gateway.log
shows fresh
[ "$(wc -l <gateway.key)" -ge 3 ] || fail "the key is no PEM file"
if grep -rqF "$(sed -n 2p gateway.key)" pass; then fail "the private key was written down"; fi

# Certificates all around: the servers ask the gateway for one, and the gateway its clients. Commands get through by the
# gateway's own.
certificate known ca
certificate stranger other
certificate own ca
model original original.port ca.pem
model candidate candidate.port ca.pem
cp server.pem gateway.pem && cp server.key gateway.key && chmod 600 gateway.key own.key
mutual() {
  rollout ca
  printf 'client_ca = "../ca.pem"\nupstream_certificate = "../own.pem"\nupstream_key = "../%s.key"\n' "$1"
}
mutual known | python3 "$SOURCE/tests/support/gated_pass.py" mixed
expect_exit 1 "$SCALE" evaluate start --dir mixed
expect_grep 'known.key cannot be used with .*own.pem: key values mismatch'
mutual own | python3 "$SOURCE/tests/support/gated_pass.py" mutual
expect_exit 0 "$SCALE" evaluate start --dir mutual
kill_at_end "$(python3 -c 'import json; print(json.load(open("mutual/.scale/rollout/gateway.json"))["pid"])')"
address=$(python3 -c 'import json; print(json.load(open("mutual/.scale/rollout/gateway.json"))["address"])')
port=${address##*:}
ask --cert known.pem --key known.key -d "$body" >answer; expect_grep 'I am (original|candidate)' answer
ask -d "$body" >none && fail "a client without a certificate was answered: $(cat none)"
ask --cert stranger.pem --key stranger.key -d "$body" >none && fail "another authority's client was answered: $(cat none)"
expect_grep 'turned away in the handshake: peer did not return a certificate' mutual/.scale/rollout/gateway.log
expect_exit 0 "$SCALE" evaluate status --dir mutual --json
expect_json 'it["gateway"]["tls"]["asks_clients"] and it["gateway"]["tls"]["certificates_refused"] == 2'
expect_exit 0 "$SCALE" evaluate pause --dir mutual --because test
expect_exit 0 "$SCALE" evaluate stop --dir mutual
rollout ca | sed '/^tls_/d' >plain.toml; echo 'client_ca = "../ca.pem"' >>plain.toml
python3 "$SOURCE/tests/support/gated_pass.py" unencrypted <plain.toml
expect_exit 1 "$SCALE" evaluate start --dir unencrypted
expect_grep 'asks for clients.* certificates, and the gateway speaks plain HTTP'

# A server of another authority is not spoken to; the reason is said.
rollout other | python3 "$SOURCE/tests/support/gated_pass.py" wrong
cp server.pem gateway.pem && cp server.key gateway.key && chmod 600 gateway.key
expect_exit 1 "$SCALE" evaluate start --dir wrong
expect_grep 'certificate verify failed'
chmod 644 gateway.key
expect_exit 1 "$SCALE" evaluate start --dir wrong
expect_grep 'gateway.key can be read by others'
echo "all checks passed"
