# shellcheck shell=bash
# Keys, certificates and kubeconfigs for a throw-away cluster. Sourced by hack/cluster.sh.
#
# Everything is ECDSA P-256 (an RSA key alone would take longer than all of these) and as
# short-lived as the cluster.

readonly CERTIFICATE_DAYS=365

# create_certificate_authority FOLDER: ca.crt and ca.key
create_certificate_authority() {
  new_certificate "$1/ca" -subj /CN=remora-cluster -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature
}

# issue_certificate FOLDER NAME SUBJECT clientAuth|serverAuth [SUBJECT_ALT_NAMES]: NAME.crt and
# NAME.key
issue_certificate() {
  local folder=$1 name=$2 subject=$3 usage=$4 alt_names=${5:-}
  new_certificate "$folder/$name" -CA "$folder/ca.crt" -CAkey "$folder/ca.key" -subj "$subject" \
    -addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature \
    -addext "extendedKeyUsage=$usage" ${alt_names:+-addext "subjectAltName=$alt_names"}
}

# new_certificate PATH OPTION...: PATH.key and PATH.crt
new_certificate() {
  local path=$1 errors
  shift
  errors=$(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -sha256 \
    -days "$CERTIFICATE_DAYS" -config <(printf '[req]\ndistinguished_name=none\n[none]\n') \
    -keyout "$path.key" -out "$path.crt" "$@" 2>&1) ||
    fail "openssl could not make $path.crt: $errors"
}

# create_service_account_key FOLDER: sa.key, which signs the tokens of ServiceAccounts, and sa.pub
create_service_account_key() {
  openssl ecparam -name prime256v1 -genkey -noout -out "$1/sa.key"
  openssl ec -in "$1/sa.key" -pubout -out "$1/sa.pub" 2>/dev/null
}

# write_kubeconfig FOLDER NAME SERVER FILE: for the client certificate NAME, complete in itself
write_kubeconfig() {
  local folder=$1 name=$2 server=$3 file=$4
  cat >"$file" <<EOF
apiVersion: v1
kind: Config
current-context: remora
clusters:
- name: remora
  cluster:
    server: $server
    certificate-authority-data: $(base64 -w 0 "$folder/ca.crt")
users:
- name: $name
  user:
    client-certificate-data: $(base64 -w 0 "$folder/$name.crt")
    client-key-data: $(base64 -w 0 "$folder/$name.key")
contexts:
- name: remora
  context:
    cluster: remora
    user: $name
EOF
}
