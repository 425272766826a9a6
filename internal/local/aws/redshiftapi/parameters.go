package redshiftapi

import (
	"context"
	"net/http"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/query"
)

// There is one parameter group, which every cluster uses and nobody changes.
const (
	defaultGroup  = "default.redshift-1.0"
	defaultFamily = "redshift-1.0"
)

type (
	groupShape struct {
		ParameterGroupName   string
		ParameterGroupFamily string
		Description          string
	}
	groupList struct {
		ParameterGroups []groupShape `xml:"ParameterGroups>ClusterParameterGroup"`
		Marker          string       `xml:",omitempty"`
	}
	parameter struct {
		ParameterName  string
		ParameterValue string
		Description    string
		Source         string
		DataType       string
		AllowedValues  string `xml:",omitempty"`
		ApplyType      string
		IsModifiable   bool
	}
	parameterList struct {
		Parameters []parameter `xml:"Parameters>Parameter"`
		Marker     string      `xml:",omitempty"`
	}
)

// parameters are the default group's: management guide, "Amazon Redshift parameter groups". require_ssl is as it was
// before 2025, which is how the stand-in's warehouses behave.
var parameters = []parameter{
	{"auto_analyze", "true", "analyze tables by itself", "engine-default", "boolean", "true,false", "static", true},
	{"datestyle", "ISO, MDY", "form of dates and times", "engine-default", "string", "", "static", true},
	{"enable_case_sensitive_identifier", "false", "keep the case of quoted names", "engine-default", "boolean", "true,false", "static", true},
	{"enable_user_activity_logging", "false", "log every statement", "engine-default", "boolean", "true,false", "static", true},
	{"extra_float_digits", "0", "digits shown of floating-point numbers", "engine-default", "integer", "-15-2", "static", true},
	{"max_concurrency_scaling_clusters", "1", "most clusters for concurrency scaling", "engine-default", "integer", "0-10", "dynamic", true},
	{"query_group", "default", "label of a session's queries", "engine-default", "string", "", "static", true},
	{"require_ssl", "false", "refuse connections without TLS", "engine-default", "boolean", "true,false", "static", true},
	{"search_path", "$user, public", "schemas in which names are looked up", "engine-default", "string", "", "static", true},
	{"statement_timeout", "0", "milliseconds until a statement is cancelled", "engine-default", "integer", "0,100-2147483647", "static", true},
	{"use_fips_ssl", "false", "TLS of FIPS 140-2", "engine-default", "boolean", "true,false", "static", true},
	{"wlm_json_configuration", `[{"auto_wlm":true}]`, "queues of workload management", "engine-default", "string", "", "static", true},
}

func groupARN(id *iam.Identity, name string) string {
	return "arn:aws:redshift:" + id.Region + ":" + id.Account + ":parametergroup:" + name
}

func noGroup(name string) error {
	return awserr.New(http.StatusNotFound, "ClusterParameterGroupNotFound", "ParameterGroup %s not found.", name)
}

func (s *Service) describeParameterGroups(_ context.Context, id *iam.Identity, p query.Params) (any, error) {
	name := p.Get("ParameterGroupName")
	resource := name
	if name == "" {
		resource = "*"
	}
	if err := s.allow(id, "DescribeClusterParameterGroups", groupARN(id, resource), nil); err != nil {
		return nil, err
	}
	if name != "" && name != defaultGroup {
		return nil, noGroup(name)
	}
	part, next, err := page(p, []groupShape{{defaultGroup, defaultFamily, "Default parameter group for " + defaultFamily}})
	return &groupList{part, next}, err
}

func (s *Service) describeParameters(_ context.Context, id *iam.Identity, p query.Params) (any, error) {
	name, err := p.Need("ParameterGroupName")
	if err != nil {
		return nil, err
	}
	if err := s.allow(id, "DescribeClusterParameters", groupARN(id, name), nil); err != nil {
		return nil, err
	}
	if name != defaultGroup {
		return nil, noGroup(name)
	}
	all := parameters
	switch source := p.Get("Source"); source {
	case "", "engine-default":
	case "user":
		all = nil // what somebody has changed
	default:
		return nil, badValue("Invalid source: %s", source)
	}
	part, next, err := page(p, all)
	return &parameterList{part, next}, err
}
