package door

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/plan"
)

// whence finds out under which address the warehouse sees us: what was given, what the job says, what the job's url
// answers, or what the instance's metadata say.
func whence(ctx context.Context, cfg aws.Config, spec plan.Door, given string) (netip.Prefix, error) {
	switch {
	case given != "":
		return parseAddress(given)
	case spec.Address != "auto":
		return parseAddress(spec.Address)
	case spec.URL != "":
		return fromURL(ctx, spec.URL)
	default:
		return fromInstance(ctx, cfg)
	}
}

// parseAddress reads an address or a range.
func parseAddress(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, hint.Usage(fmt.Errorf("%q is no address: write 203.0.113.7 or 203.0.113.7/32", text))
	}
	return p.Masked(), nil
}

// askTime bounds asking for our address.
const askTime = 5 * time.Second

// directly is an HTTP client that goes through no proxy, which would be asked for its own address, or could be made to ask
// for us; and follows nobody elsewhere.
func directly() *http.Client {
	return &http.Client{
		Timeout:       askTime,
		Transport:     &http.Transport{Proxy: nil, DialContext: (&net.Dialer{Timeout: askTime}).DialContext, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// fromInstance asks the metadata service of the EC2 instance, by version 2 only: version 1 answers whoever can make this
// machine send a request.
func fromInstance(ctx context.Context, cfg aws.Config) (netip.Prefix, error) {
	c := imds.NewFromConfig(cfg, func(o *imds.Options) {
		o.EnableFallback = aws.FalseTernary
		o.HTTPClient = directly()
	})
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	const advice = "say where you come from: --address ADDRESS, or door.address or door.url in the job"
	out, err := c.GetMetadata(ctx, &imds.GetMetadataInput{Path: "public-ipv4"})
	if err != nil {
		return netip.Prefix{}, hint.With(fmt.Errorf("ask the instance's metadata for our public address: %w", err), advice)
	}
	text, err := readAddress(out.Content)
	if err != nil {
		return netip.Prefix{}, hint.With(fmt.Errorf("ask the instance's metadata for our public address: %w", err), advice)
	}
	return text, nil
}

// fromURL asks a server that the user named.
func fromURL(ctx context.Context, where string) (_ netip.Prefix, err error) {
	u, err := url.Parse(where)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("door.url: %w", err)
	}
	if here := net.ParseIP(u.Hostname()); u.Scheme != "https" && (here == nil || !here.IsLoopback()) {
		return netip.Prefix{}, errors.New("door.url must begin with https://: whoever changes the answer on its way is let in")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("door.url: %w", err)
	}
	resp, err := directly().Do(req)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("ask for our address: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return netip.Prefix{}, errors.Join(fmt.Errorf("ask %s for our address: it answers %s", u.Host, resp.Status), resp.Body.Close())
	}
	p, err := readAddress(resp.Body)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("ask %s for our address: %w", u.Host, err)
	}
	return p, nil
}

// readAddress reads one address, and nothing else.
func readAddress(body io.ReadCloser) (_ netip.Prefix, err error) {
	defer func() { err = errors.Join(err, body.Close()) }()
	text, err := io.ReadAll(io.LimitReader(body, 256))
	if err != nil {
		return netip.Prefix{}, err
	}
	a, err := netip.ParseAddr(strings.TrimSpace(string(text)))
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, errors.New("the answer is no address")
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), nil
}
