package iam

import (
	"embed"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/sealift/sealift/internal/local/aws/policy"
)

// awsPolicyFiles are the policies that AWS manages and people attach most, cut down to the services imitated here.
//
//go:embed awspolicies/*.json
var awsPolicyFiles embed.FS

const awsPolicyPrefix = "arn:aws:iam::aws:policy/"

// awsPolicies are AWS's managed policies, in the order of their names.
var awsPolicies = sync.OnceValue(func() []*managed {
	files, err := awsPolicyFiles.ReadDir("awspolicies")
	if err != nil {
		panic("iam: " + err.Error())
	}
	// All carry the day IAM's own policies were first published under this API.
	created := time.Date(2015, 2, 6, 18, 39, 46, 0, time.UTC)
	var all []*managed
	for _, f := range files {
		text, err := awsPolicyFiles.ReadFile(path.Join("awspolicies", f.Name()))
		if err != nil {
			panic("iam: " + err.Error())
		}
		doc, err := policy.Parse(text)
		if err != nil {
			panic("iam: policy " + f.Name() + ": " + err.Error())
		}
		name := strings.TrimSuffix(f.Name(), ".json")
		all = append(all, &managed{
			Name: name, Path: "/", ARN: awsPolicyPrefix + name, ID: "ANPA" + strings.ToUpper(name), Created: created,
			Versions: []*managedVersion{{ID: "v1", Document: doc, Created: created}}, Default: "v1",
		})
	}
	return all
})

// awsManaged gives AWS's managed policy of that ARN, nil if it is not imitated.
func awsManaged(arn string) *managed {
	if !strings.HasPrefix(arn, awsPolicyPrefix) {
		return nil
	}
	for _, p := range awsPolicies() {
		if p.ARN == arn {
			return p
		}
	}
	return nil
}
