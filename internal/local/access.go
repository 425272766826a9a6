package local

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/sealift/sealift/internal/local/aws"
	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
	"github.com/sealift/sealift/internal/local/aws/redshiftapi"
	"github.com/sealift/sealift/internal/local/dialect"
	"github.com/sealift/sealift/internal/local/transfer"
)

// access opens S3 for a warehouse's COPY and UNLOAD, in the name of the role or key that the statement names.
type access struct {
	cloud     *aws.Cloud
	warehouse redshiftapi.Name
}

// AssumeRoles acts as the last role of a chain. The first must be attached to the warehouse, which is more than to
// trust it; each must trust the one before, and be one that the one before may assume (Database Developer Guide,
// Authorization parameters). All of them can tell the database user by the external id.
func (a *access) AssumeRoles(_ context.Context, dbUser string, chain []string) (transfer.Store, error) {
	user := fmt.Sprintf("arn:aws:redshift:%s:%s:dbuser:%s/%s", a.warehouse.Region, a.warehouse.Account, a.warehouse.ID, dbUser)
	if len(chain) == 0 {
		role := a.cloud.Redshift.DefaultRole(a.warehouse)
		if role == "" {
			return nil, &dialect.Error{
				Code: "XX000", Message: "Default IAM role is not set for the cluster",
				Hint: "set it with: aws redshift modify-cluster-iam-roles --default-iam-role-arn",
			}
		}
		chain = []string{role}
	}
	if !slices.Contains(a.cloud.Redshift.Attached(a.warehouse), chain[0]) {
		return nil, notAssumed(user, chain[0])
	}
	session := "RedshiftIamRoleSession-" + rand.Text()[:8]
	id, err := a.cloud.IAM.AssumeForService("redshift.amazonaws.com", chain[0], session, policy.Context{
		"sts:externalid":    {user},
		"aws:sourcearn":     {user},
		"aws:sourceaccount": {a.warehouse.Account},
	})
	if err != nil {
		return nil, notAssumed(user, chain[0])
	}
	id.Region = a.warehouse.Region
	for _, role := range chain[1:] {
		if id, err = a.cloud.IAM.AssumeAs(id, iam.AssumeInput{RoleARN: role, SessionName: session, ExternalID: user}); err != nil {
			return nil, notAssumed(user, role)
		}
	}
	return &store{caller: a.cloud.S3.As(id)}, nil
}

// notAssumed is the one answer to every reason why a role cannot be assumed.
func notAssumed(user, role string) error {
	return &dialect.Error{Code: "XX000", Message: fmt.Sprintf("User %s is not authorized to assume IAM Role %s", user, role)}
}

// Keys acts with the access keys of a statement.
func (a *access) Keys(_ context.Context, accessKeyID, secretAccessKey, sessionToken string) (transfer.Store, error) {
	id, err := a.cloud.IAM.Login(accessKeyID, secretAccessKey, sessionToken)
	if err != nil {
		return nil, keyError(err)
	}
	id.Region = a.warehouse.Region
	return &store{caller: a.cloud.S3.As(id)}, nil
}

// storeError turns an error of S3, KMS or IAM into what COPY and UNLOAD show.
func storeError(err error) error {
	if err == nil {
		return nil
	}
	e := awserr.Of(err)
	return &transfer.StoreError{Code: e.Code, Status: e.Status, Message: e.Message, RequestID: rand.Text()[:16]}
}
