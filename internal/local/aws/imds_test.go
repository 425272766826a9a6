package aws_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdkimds "github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/sealift/sealift/internal/local/aws"
	"github.com/sealift/sealift/internal/local/aws/imds"
)

const trustEC2 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

//standin:imitates unkindness 21: answers without a token, unless tokens are required | EC2 User Guide configuring-instance-metadata-options
//standin:imitates IMDS: version 2, with tokens that end, no proxies | EC2 User Guide instance-metadata-v2-how-it-works
//standin:imitates IMDS: credentials of the role of the instance | EC2 User Guide instance-metadata-security-credentials
//standin:differs IMDS: hop limit | on the loopback there are no hops | EC2 User Guide configuring-instance-metadata-options
func TestInstanceMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *aws.Options) {
		o.Instance = imds.Instance{ID: "i-1", Account: home, Region: region, PublicIP: "203.0.113.7", PrivateIP: "10.0.0.7"}
	})
	server := httptest.NewServer(w.Metadata)
	defer server.Close()
	ask := func(method, path string, headers ...string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
	const ttl, token = "X-aws-ec2-metadata-token-ttl-seconds", "X-aws-ec2-metadata-token"
	if status, text := ask("GET", "/latest/meta-data/public-ipv4"); status != http.StatusOK || text != "203.0.113.7" {
		t.Errorf("version 1: %d %s", status, text)
	}
	w.Metadata.Set(func(i *imds.Instance) { i.Tokens = true })
	if status, _ := ask("GET", "/latest/meta-data/public-ipv4"); status != http.StatusUnauthorized {
		t.Errorf("version 1 where tokens are required: %d", status)
	}
	if got := w.Metadata.Version1(); got != 2 {
		t.Errorf("%d questions without a token are counted", got)
	}
	if status, _ := ask("GET", "/latest/meta-data/public-ipv4", token, "made-up"); status != http.StatusUnauthorized {
		t.Errorf("a token that is none: %d", status)
	}
	if status, _ := ask("PUT", "/latest/api/token"); status != http.StatusBadRequest {
		t.Errorf("without a time to live: %d", status)
	}
	if status, _ := ask("PUT", "/latest/api/token", ttl, "60", "X-Forwarded-For", "10.0.0.9"); status != http.StatusForbidden {
		t.Errorf("through a proxy: %d", status)
	}
	_, good := ask("PUT", "/latest/api/token", ttl, "60")
	if status, text := ask("GET", "/latest/meta-data/public-ipv4", token, good); status != http.StatusOK || text != "203.0.113.7" {
		t.Errorf("%d %s", status, text)
	}
	if status, _ := ask("GET", "/latest/meta-data/iam/security-credentials/", token, good); status != http.StatusNotFound {
		t.Errorf("an instance without a role: %d", status)
	}

	w.Metadata.Set(func(i *imds.Instance) {
		i.PublicIP, i.Role = "", w.role(w.admin, "loader", trustEC2, allow("s3:ListAllMyBuckets", "*"))
	})
	if status, _ := ask("GET", "/latest/meta-data/public-ipv4", token, good); status != http.StatusNotFound {
		t.Errorf("an instance without a public address: %d", status)
	}
	// The SDK's own client, and the credentials that it is given.
	c := sdkimds.New(sdkimds.Options{Endpoint: server.URL})
	out, err := c.GetMetadata(t.Context(), &sdkimds.GetMetadataInput{Path: "iam/security-credentials/loader"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(out.Content)
	if err != nil || !strings.Contains(string(text), `"Code": "Success"`) {
		t.Errorf("%s, %v", text, err)
	}
	document, err := c.GetInstanceIdentityDocument(t.Context(), nil)
	if err != nil || document.AccountID != home || document.Region != region {
		t.Errorf("%+v, %v", document, err)
	}
	w.Metadata.Set(func(i *imds.Instance) { i.Old, i.Tokens = true, false })
	if status, _ := ask("PUT", "/latest/api/token", ttl, "60"); status != http.StatusNotFound {
		t.Errorf("a service without tokens: %d", status)
	}
	w.Metadata.Disable(true)
	if status, _ := ask("PUT", "/latest/api/token", ttl, "60"); status != http.StatusForbidden {
		t.Errorf("switched off: %d", status)
	}
}
