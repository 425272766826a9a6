//go:build clients

package clients

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// files are two files to be uploaded: one in one piece, and one in three parts of 5 MiB each.
func files(t *testing.T) (folder string, small, large []byte) {
	t.Helper()
	folder = t.TempDir()
	small, large = []byte("id|name\n1|é\n"), make([]byte, 12<<20)
	_, _ = rand.Read(large) // it never fails
	for name, data := range map[string][]byte{"small one.csv": small, "large.bin": large} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder, small, large
}

// holds compares a file with what it is to hold.
func holds(t *testing.T, file string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s holds %d bytes that are not the %d that were uploaded", filepath.Base(file), len(got), len(want))
	}
}

// presigned reads a URL without credentials.
func presigned(t *testing.T, address string, want []byte) {
	t.Helper()
	pem, err := os.ReadFile(standin.Var("AWS_CA_BUNDLE"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	if err != nil || response.StatusCode != http.StatusOK || string(body) != string(want) {
		t.Errorf("GET %s: %s, %v\n%.500s", address, response.Status, err, body)
	}
}

// has fails where one of several expressions is not in text.
func has(t *testing.T, text string, expressions ...string) {
	t.Helper()
	for _, e := range expressions {
		if !regexp.MustCompile("(?m)" + e).MatchString(text) {
			t.Errorf("no %q in\n%s", e, text)
		}
	}
}

// TestS3cmd: a client in Python with a signer of its own.
//
//standin:imitates clients: s3cmd: put, multipart, encryption, ls, get, cp, mv, del | s3cmd 2.3
func TestS3cmd(t *testing.T) {
	t.Parallel()
	need(t, "/usr/bin/s3cmd", "s3cmd")
	folder, small, large := files(t)
	endpoint, err := url.Parse(standin.Var("AWS_ENDPOINT_URL"))
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "s3cfg")
	settings := []string{
		"[default]", "access_key = " + standin.Var("AWS_ACCESS_KEY_ID"), "secret_key = " + standin.Var("AWS_SECRET_ACCESS_KEY"),
		"host_base = " + endpoint.Host, "host_bucket = " + endpoint.Host, "use_https = True", "ca_certs_file = " + standin.Var("AWS_CA_BUNDLE"),
		"bucket_location = " + standin.Var("AWS_REGION"), "multipart_chunk_size_mb = 5", "",
	}
	if err := os.WriteFile(config, []byte(strings.Join(settings, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	s3cmd := func(args ...string) string {
		t.Helper()
		return run(t, "", "s3cmd", append([]string{"--config", config, "--no-progress"}, args...)...)
	}
	s3cmd("mb", "s3://s3cmd")
	s3cmd("put", filepath.Join(folder, "small one.csv"), "s3://s3cmd/in/é small.csv")
	s3cmd("put", filepath.Join(folder, "large.bin"), "s3://s3cmd/in/large.bin", "--server-side-encryption", "--add-header=x-amz-meta-origin:here")
	has(t, s3cmd("ls", "--recursive", "s3://s3cmd/in/"), ` 13 +s3://s3cmd/in/é small\.csv$`, ` 12582912 +s3://s3cmd/in/large\.bin$`)
	has(t, s3cmd("info", "s3://s3cmd/in/large.bin"), `File size: +12582912`, `SSE: +AES256|SSE: +aws:kms`, `x-amz-meta-origin: here`)
	// It copies the object's ACL as well, which buckets of today refuse in these words (s3tools/s3cmd#1304).
	out, err := command(t, "", "s3cmd", "--config", config, "cp", "s3://s3cmd/in/é small.csv", "s3://s3cmd/out/copy.csv").CombinedOutput()
	if want := "400 (AccessControlListNotSupported): The bucket does not allow ACLs"; err == nil || !strings.Contains(string(out), want) {
		t.Errorf("%v, want %s\n%s", err, want, out)
	}
	s3cmd("cp", "--acl-private", "s3://s3cmd/in/é small.csv", "s3://s3cmd/out/copy.csv")
	s3cmd("mv", "--acl-private", "s3://s3cmd/in/large.bin", "s3://s3cmd/out/moved.bin")
	s3cmd("get", "s3://s3cmd/out/copy.csv", filepath.Join(folder, "copy.csv"))
	s3cmd("get", "s3://s3cmd/out/moved.bin", filepath.Join(folder, "moved.bin"))
	holds(t, filepath.Join(folder, "copy.csv"), small)
	holds(t, filepath.Join(folder, "moved.bin"), large)
	if text := s3cmd("multipart", "s3://s3cmd"); strings.Contains(text, "large.bin") {
		t.Errorf("an upload is left:\n%s", text)
	}
	s3cmd("del", "--recursive", "--force", "s3://s3cmd/in/")
	has(t, s3cmd("du", "s3://s3cmd"), `^ *12582925 +2 objects`)
	s3cmd("rb", "--recursive", "--force", "s3://s3cmd")
}

// TestRclone: a client that checks everything it moves.
//
//standin:imitates clients: rclone: copy, multipart, SSE-KMS, check, cat of a range, link, delete, purge | rclone 1.60
func TestRclone(t *testing.T) {
	t.Parallel()
	need(t, "/usr/bin/rclone", "rclone")
	folder, small, large := files(t)
	rclone := func(args ...string) string {
		t.Helper()
		cmd := command(t, "", "rclone", append(args, "--ca-cert", standin.Var("AWS_CA_BUNDLE"), "--retries", "1", "--low-level-retries", "1")...)
		// Of ACLs a bucket of today takes this one for objects; what rclone would send without a word, private, it refuses.
		// With AWS for a provider it would put the bucket into the name of the host, which is an address here. Its SDK does not take AWS_CA_BUNDLE beside the transport that rclone brings along.
		cmd.Env = append(cmd.Env, "AWS_CA_BUNDLE=", "RCLONE_CONFIG="+filepath.Join(folder, "none.conf"), "RCLONE_CONFIG_S_TYPE=s3", "RCLONE_CONFIG_S_PROVIDER=Minio",
			"RCLONE_CONFIG_S_ACCESS_KEY_ID="+standin.Var("AWS_ACCESS_KEY_ID"), "RCLONE_CONFIG_S_SECRET_ACCESS_KEY="+standin.Var("AWS_SECRET_ACCESS_KEY"),
			"RCLONE_CONFIG_S_REGION="+standin.Var("AWS_REGION"), "RCLONE_CONFIG_S_LOCATION_CONSTRAINT="+standin.Var("AWS_REGION"),
			"RCLONE_CONFIG_S_ENDPOINT="+standin.Var("AWS_ENDPOINT_URL"), "RCLONE_CONFIG_S_FORCE_PATH_STYLE=true",
			"RCLONE_CONFIG_S_ACL=bucket-owner-full-control", "RCLONE_CONFIG_S_BUCKET_ACL=private",
			"RCLONE_CONFIG_S_SERVER_SIDE_ENCRYPTION=aws:kms", "RCLONE_CONFIG_S_CHUNK_SIZE=5Mi", "RCLONE_CONFIG_S_UPLOAD_CUTOFF=5Mi")
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("rclone %v: %v\n%s%s", args, err, out, stderr.String())
		}
		return string(out)
	}
	source := filepath.Join(folder, "source")
	if err := os.Mkdir(source, 0o700); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"small one.csv": "é small.csv", "large.bin": "large.bin"} {
		if err := os.Rename(filepath.Join(folder, from), filepath.Join(source, to)); err != nil {
			t.Fatal(err)
		}
	}
	rclone("mkdir", "s:rclone-bucket")
	rclone("copy", source, "s:rclone-bucket/in")
	has(t, rclone("lsf", "--format", "sp", "s:rclone-bucket/in"), `^13;é small\.csv$`, `^12582912;large\.bin$`)
	rclone("check", "--download", source, "s:rclone-bucket/in")
	rclone("check", source, "s:rclone-bucket/in")
	if got := rclone("cat", "--offset", "6000000", "--count", "10", "s:rclone-bucket/in/large.bin"); got != string(large[6000000:6000010]) {
		t.Errorf("a range of 10 bytes reads %q", got)
	}
	presigned(t, strings.TrimSpace(rclone("link", "--expire", "1m", "s:rclone-bucket/in/é small.csv")), small)
	rclone("moveto", "s:rclone-bucket/in/large.bin", "s:rclone-bucket/out/moved.bin")
	rclone("copyto", "s:rclone-bucket/out/moved.bin", filepath.Join(folder, "moved.bin"))
	holds(t, filepath.Join(folder, "moved.bin"), large)
	if got := rclone("backend", "list-multipart-uploads", "s:rclone-bucket"); !strings.Contains(got, "rclone-bucket") || strings.Contains(got, "UploadId") {
		t.Errorf("uploads that are left: %s", got)
	}
	rclone("deletefile", "s:rclone-bucket/in/é small.csv")
	if got := rclone("lsf", "--recursive", "--files-only", "s:rclone-bucket"); got != "out/moved.bin\n" {
		t.Errorf("left: %q", got)
	}
	rclone("purge", "s:rclone-bucket")
}
