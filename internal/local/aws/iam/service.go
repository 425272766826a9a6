package iam

import (
	"log/slog"
	"time"

	"github.com/sealift/sealift/internal/local/aws/policy"
)

// Options make a Service.
type Options struct {
	Dir    string // where the accounts are kept
	Region string // of the service principals' regional names
	Log    *slog.Logger
	Now    func() time.Time
}

// Service holds all accounts.
type Service struct {
	opts Options
}

// New opens the accounts kept in Options.Dir, or makes the default ones.
func New(opts Options) (*Service, error) {
	return &Service{opts: opts}, nil
}

// Authorize decides whether id may do a. The error is an *awserr.Error, AccessDenied in AWS's wording. A nil id is an
// anonymous caller.
func (s *Service) Authorize(id *Identity, a Access) error { return nil }

// AssumeInput is what a caller asks of AssumeAs.
type AssumeInput struct {
	RoleARN     string
	SessionName string
	ExternalID  string
	Policies    []*policy.Document // session policies
	Tags        map[string]string
}

// AssumeAs lets id assume a role, as sts:AssumeRole does: identity policies and the role's trust policy are evaluated.
func (s *Service) AssumeAs(id *Identity, in AssumeInput) (*Identity, error) { return nil, nil }

// AssumeForService lets an AWS service (redshift.amazonaws.com) assume a role that trusts it. context holds the keys the
// service sends along, such as sts:externalid.
func (s *Service) AssumeForService(service, roleARN, sessionName string, context policy.Context) (*Identity, error) {
	return nil, nil
}
