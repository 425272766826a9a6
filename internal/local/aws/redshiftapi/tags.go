package redshiftapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
	"github.com/sealift/sealift/internal/local/aws/query"
)

// The limits of tags: management guide, "Tagging resources".
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

func badTag(format string, args ...any) error {
	return awserr.New(http.StatusBadRequest, "InvalidTagFault", format, args...)
}

// readTags puts the request's Tags on those there are.
func readTags(old map[string]string, p query.Params) (map[string]string, error) {
	all := map[string]string{}
	maps.Copy(all, old)
	for _, t := range p.Structs("Tags", "Tag") {
		key, value := t.Get("Key"), t.Get("Value")
		if key == "" || len([]rune(key)) > maxTagKey || len([]rune(value)) > maxTagValue || strings.HasPrefix(strings.ToLower(key), "aws:") {
			return nil, badTag("The tag %q is not valid.", key)
		}
		all[key] = value
	}
	if len(all) > maxTags {
		return nil, awserr.New(http.StatusBadRequest, "TagLimitExceededFault", "The resource has more than %d tags.", maxTags)
	}
	return all, nil
}

func tagShapes(tags map[string]string) []tagShape {
	var all []tagShape
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, tagShape{key, tags[key]})
	}
	return all
}

// tagFilter reads TagKeys and TagValues: any of the keys, and any of the values.
func tagFilter(p query.Params) func(tags map[string]string) bool {
	keys, values := p.Strings("TagKeys", "TagKey"), p.Strings("TagValues", "TagValue")
	return func(tags map[string]string) bool {
		if len(keys) == 0 && len(values) == 0 {
			return true
		}
		for key, value := range tags {
			if (len(keys) == 0 || slices.Contains(keys, key)) && (len(values) == 0 || slices.Contains(values, value)) {
				return true
			}
		}
		return false
	}
}

// tagged finds the cluster that ResourceName names by its ARN, and asks for action on it.
func (s *Service) tagged(id *iam.Identity, p query.Params, action string, ctx policy.Context) (Name, error) {
	arn, err := p.Need("ResourceName")
	if err != nil {
		return Name{}, err
	}
	fields := strings.Split(arn, ":")
	if len(fields) != 7 || fields[0] != "arn" || fields[2] != "redshift" {
		return Name{}, awserr.New(http.StatusBadRequest, "InvalidTagFault", "%s is not the ARN of a Redshift resource.", arn)
	}
	if fields[5] != "cluster" {
		return Name{}, awserr.NotImitated("tags of a " + fields[5])
	}
	n := Name{id.Account, id.Region, fields[6]}
	if err := s.allow(id, action, n.arn("cluster", ""), ctx); err != nil {
		return Name{}, err
	}
	if arn != n.arn("cluster", "") {
		return Name{}, noResource(arn)
	}
	return n, nil
}

func noResource(arn string) error {
	return awserr.New(http.StatusNotFound, "ResourceNotFoundFault", "The resource %s could not be found.", arn)
}

// retag changes the tags of a cluster, whatever it is doing.
func (s *Service) retag(n Name, change func(tags map[string]string) (map[string]string, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.state.Clusters[n.key()]
	if c == nil {
		return noResource(n.arn("cluster", ""))
	}
	tags, err := change(c.Tags)
	if err != nil {
		return err
	}
	c.Tags = tags
	return s.save()
}

func (s *Service) createTags(_ context.Context, id *iam.Identity, p query.Params) (any, error) {
	ctx := policy.Context{}
	for _, t := range p.Structs("Tags", "Tag") {
		ctx["aws:requesttag/"+strings.ToLower(t.Get("Key"))] = []string{t.Get("Value")}
		ctx["aws:tagkeys"] = append(ctx["aws:tagkeys"], t.Get("Key"))
	}
	n, err := s.tagged(id, p, "CreateTags", ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.retag(n, func(tags map[string]string) (map[string]string, error) { return readTags(tags, p) })
}

func (s *Service) deleteTags(_ context.Context, id *iam.Identity, p query.Params) (any, error) {
	keys := p.Strings("TagKeys", "TagKey")
	n, err := s.tagged(id, p, "DeleteTags", policy.Context{"aws:tagkeys": keys})
	if err != nil {
		return nil, err
	}
	return nil, s.retag(n, func(tags map[string]string) (map[string]string, error) {
		left := maps.Clone(tags)
		for _, key := range keys {
			delete(left, key)
		}
		return left, nil
	})
}

type (
	taggedResource struct {
		Tag          tagShape
		ResourceName string
		ResourceType string
	}
	taggedResources struct {
		TaggedResources []taggedResource `xml:"TaggedResources>TaggedResource"`
		Marker          string           `xml:",omitempty"`
	}
)

func (s *Service) describeTags(_ context.Context, id *iam.Identity, p query.Params) (any, error) {
	only := Name{id.Account, id.Region, "*"}
	if p.Has("ResourceName") {
		if p.Has("ResourceType") {
			return nil, awserr.New(http.StatusBadRequest, "InvalidParameterCombination", "ResourceName and ResourceType cannot be given together.")
		}
		var err error
		if only, err = s.tagged(id, p, "DescribeTags", nil); err != nil {
			return nil, err
		}
	} else if err := s.allow(id, "DescribeTags", only.arn("cluster", ""), nil); err != nil {
		return nil, err
	}
	if kind := p.Get("ResourceType"); kind != "" && kind != "cluster" {
		return nil, awserr.NotImitated("tags of a " + kind)
	}
	var all []taggedResource
	found := false
	matches := tagFilter(p)
	for _, c := range s.Clusters() {
		if c.Account != id.Account || c.Region != id.Region || only.ID != "*" && c.ID != only.ID {
			continue
		}
		found = true
		for _, t := range tagShapes(c.Tags) {
			if matches(map[string]string{t.Key: t.Value}) {
				all = append(all, taggedResource{t, c.arn("cluster", ""), "cluster"})
			}
		}
	}
	if only.ID != "*" && !found {
		return nil, noResource(only.arn("cluster", ""))
	}
	part, next, err := page(p, all)
	return &taggedResources{part, next}, err
}
