package ec2

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
	"github.com/sealift/sealift/internal/local/aws/query"
)

// The limits of tags: EC2 User Guide, Using_Tags.
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

// readTags reads a list of tags.
func readTags(list []query.Params) (map[string]string, error) {
	all := map[string]string{}
	for _, t := range list {
		key, value := t.Get("Key"), t.Get("Value")
		switch {
		case key == "" || len([]rune(key)) > maxTagKey || strings.HasPrefix(strings.ToLower(key), "aws:"):
			return nil, badValue("Tag keys must not be empty, longer than %d characters, or begin with aws: (%q)", maxTagKey, key)
		case len([]rune(value)) > maxTagValue:
			return nil, badValue("Tag value exceeds the maximum length of %d characters", maxTagValue)
		}
		if _, twice := all[key]; twice {
			return nil, badValue("Duplicate tag key '%s' specified.", key)
		}
		all[key] = value
	}
	if len(all) > maxTags {
		return nil, badRequest("TagLimitExceeded", "The maximum number of tags for a resource is %d", maxTags)
	}
	return all, nil
}

// tagsOf reads the tags that a request gives to what it makes.
func tagsOf(p query.Params, kind string) (map[string]string, error) {
	all := map[string]string{}
	for _, spec := range p.Items("TagSpecification") {
		if spec.Get("ResourceType") != kind {
			return nil, badValue("'%s' is not a valid taggable resource type for this operation.", spec.Get("ResourceType"))
		}
		tags, err := readTags(spec.Items("Tag"))
		if err != nil {
			return nil, err
		}
		maps.Copy(all, tags)
	}
	return all, nil
}

// mayTag asks for ec2:CreateTags. action is what makes the thing that is tagged, "" if it is there already.
func (s *Service) mayTag(id *iam.Identity, kind, name string, tags map[string]string, action string) error {
	ctx := policy.Context{}
	if action != "" {
		ctx["ec2:createaction"] = []string{action}
	}
	for key, value := range tags {
		ctx["aws:requesttag/"+strings.ToLower(key)] = []string{value}
	}
	ctx["aws:tagkeys"] = slices.Sorted(maps.Keys(tags))
	return s.allow(id, "CreateTags", arn(id, kind, name), ctx)
}

// tagged finds the tags of a group or a rule.
func (p *place) tagged(name string) (tags map[string]string, kind string) {
	for _, g := range p.Groups {
		if g.ID == name {
			return g.Tags, "security-group"
		}
		if r := g.Rules[name]; r != nil {
			return r.Tags, "security-group-rule"
		}
	}
	return nil, ""
}

func (s *Service) createTags(id *iam.Identity, p query.Params) (any, error) {
	tags, err := readTags(p.Items("Tag"))
	if err != nil {
		return nil, err
	}
	return s.tag(id, p, "CreateTags", tags, func(old map[string]string) error {
		merged := maps.Clone(old)
		maps.Copy(merged, tags)
		if len(merged) > maxTags {
			return badRequest("TagLimitExceeded", "The maximum number of tags for a resource is %d", maxTags)
		}
		maps.Copy(old, tags)
		return nil
	})
}

func (s *Service) deleteTags(id *iam.Identity, p query.Params) (any, error) {
	list := p.Items("Tag")
	return s.tag(id, p, "DeleteTags", nil, func(old map[string]string) error {
		if len(list) == 0 {
			clear(old)
		}
		for _, t := range list {
			if !t.Has("Value") || old[t.Get("Key")] == t.Get("Value") {
				delete(old, t.Get("Key"))
			}
		}
		return nil
	})
}

// tag changes the tags of the resources that a request names.
func (s *Service) tag(id *iam.Identity, p query.Params, action string, tags map[string]string, do func(old map[string]string) error) (any, error) {
	names := p.Texts("ResourceId")
	if len(names) == 0 {
		return nil, badRequest("MissingParameter", "The request must contain the parameter resourceIdSet")
	}
	for _, name := range names {
		s.mu.Lock()
		old, kind := s.at(id.Account, id.Region).tagged(name)
		ctx := policy.Context{}
		for key, value := range old {
			ctx["aws:resourcetag/"+strings.ToLower(key)] = []string{value}
		}
		for key, value := range tags {
			ctx["aws:requesttag/"+strings.ToLower(key)] = []string{value}
		}
		ctx["aws:tagkeys"] = slices.Sorted(maps.Keys(tags))
		s.mu.Unlock()
		if kind == "" {
			return nil, badRequest("InvalidID", "The ID '%s' is not valid", name)
		}
		if err := s.allow(id, action, arn(id, kind, name), ctx); err != nil {
			return nil, err
		}
	}
	if err := dryRun(p); err != nil {
		return nil, err
	}
	err := s.change(id.Account, id.Region, func(place *place) error {
		for _, name := range names {
			old, kind := place.tagged(name)
			if kind == "" {
				return badRequest("InvalidID", "The ID '%s' is not valid", name)
			}
			if err := do(old); err != nil {
				return err
			}
		}
		return nil
	})
	return &done{Return: true}, err
}

func (s *Service) describeTags(id *iam.Identity, p query.Params) (any, error) {
	if err := s.allow(id, "DescribeTags", "*", nil); err != nil {
		return nil, err
	}
	if err := dryRun(p); err != nil {
		return nil, err
	}
	keep, err := filters(p, "key", "value", "resource-id", "resource-type")
	if err != nil {
		return nil, err
	}
	out := &tagSet{}
	s.mu.Lock()
	defer s.mu.Unlock()
	add := func(name, kind string, tags map[string]string) {
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			if keep(map[string]string{"key": key, "value": tags[key], "resource-id": name, "resource-type": kind}, nil) {
				out.Tags = append(out.Tags, tagDescription{ResourceID: name, ResourceType: kind, Key: key, Value: tags[key]})
			}
		}
	}
	for _, g := range s.at(id.Account, id.Region).sorted() {
		add(g.ID, "security-group", g.Tags)
		for _, r := range g.sorted() {
			if r.visible(s.now()) {
				add(r.ID, "security-group-rule", r.Tags)
			}
		}
	}
	out.Tags, out.NextToken, err = page(p, out.Tags, 5, false)
	return out, err
}

// filters reads the filters of a request: the fields named here, tag:KEY and tag-key. All must match, each with one of
// its values, in which * and ? stand for any characters and for one.
func filters(p query.Params, fields ...string) (func(fields, tags map[string]string) bool, error) {
	type one struct {
		name   string
		values []string
	}
	var all []one
	for _, f := range p.Items("Filter") {
		name := f.Get("Name")
		if !slices.Contains(fields, name) && !strings.HasPrefix(name, "tag:") && name != "tag-key" {
			return nil, notImitated("the filter " + name)
		}
		all = append(all, one{name, f.Texts("Value")})
	}
	return func(fields, tags map[string]string) bool {
		for _, f := range all {
			matches := func(have string) bool {
				return slices.ContainsFunc(f.values, func(v string) bool {
					ok, err := path.Match(strings.NewReplacer("[", `\[`, `\`, `\\`, "/", "\x00").Replace(v), strings.ReplaceAll(have, "/", "\x00"))
					return err == nil && ok
				})
			}
			var ok bool
			switch key, isTag := strings.CutPrefix(f.name, "tag:"); {
			case isTag:
				value, has := tags[key]
				ok = has && matches(value)
			case f.name == "tag-key":
				ok = slices.ContainsFunc(slices.Collect(maps.Keys(tags)), matches)
			default:
				ok = matches(fields[f.name])
			}
			if !ok {
				return false
			}
		}
		return true
	}, nil
}

// page cuts a list to the page that NextToken begins and MaxResults bounds. With ids in the request there are no pages.
func page[T any](p query.Params, all []T, least int, whole bool) (part []T, next string, err error) {
	limit, err := p.Int("MaxResults", 1000)
	if err != nil {
		return nil, "", err
	}
	if p.Has("MaxResults") && (limit < least || limit > 1000) {
		return nil, "", badValue("Value ( %d ) for parameter maxResults is invalid. Expecting a value between %d and 1000.", limit, least)
	}
	if p.Has("MaxResults") && whole {
		return nil, "", badRequest("InvalidParameterCombination", "The parameter maxResults cannot be used with ids")
	}
	start := 0
	if token := p.Get("NextToken"); token != "" {
		if start, err = strconv.Atoi(token); err != nil || start < 0 || start > len(all) {
			return nil, "", badRequest("InvalidNextToken", "The token '%s' is invalid", token)
		}
	}
	end := min(start+limit, len(all))
	if end < len(all) {
		next = strconv.Itoa(end)
	}
	return all[start:end], next, nil
}
