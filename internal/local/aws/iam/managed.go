package iam

import (
	"time"

	"github.com/sealift/sealift/internal/local/aws/policy"
)

// managed is a customer's managed policy.
type managed struct {
	Name        string
	Path        string
	ARN         string
	ID          string
	Description string
	Created     time.Time
	Tags        map[string]string
	Versions    []*managedVersion // oldest first
	Default     string            // "v1"
	NextVersion int
}

type managedVersion struct {
	ID       string
	Document *policy.Document
	Created  time.Time
}

func (m *managed) version(id string) *managedVersion {
	for _, v := range m.Versions {
		if v.ID == id {
			return v
		}
	}
	return nil
}

// managedDocument gives the default version of a managed policy, AWS's or a customer's; nil if there is none.
func (st *state) managedDocument(arn string) *policy.Document {
	if p := awsManaged(arn); p != nil {
		return p.version(p.Default).Document
	}
	if p := st.managed(arn); p != nil {
		return p.version(p.Default).Document
	}
	return nil
}

func (st *state) managed(arn string) *managed {
	if a := st.Accounts[policy.AccountOf(arn)]; a != nil {
		for _, p := range a.Policies {
			if p.ARN == arn {
				return p
			}
		}
	}
	return nil
}

// ManagedPolicy gives the default version of a managed policy, AWS's or one of account's; nil if there is none.
func (s *Service) ManagedPolicy(account, arn string) *policy.Document {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if owner := policy.AccountOf(arn); owner != account && owner != "aws" {
		return nil
	}
	return s.state.managedDocument(arn)
}
