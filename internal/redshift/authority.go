package redshift

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var (
	roleARN = regexp.MustCompile(`^arn:aws(?:-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}$`)
	kmsKey  = regexp.MustCompile(`^(?:arn:aws(?:-[a-z]+)*:kms:[a-z0-9-]{1,32}:[0-9]{12}:)?(?:key/)?(?:mrk-)?[0-9a-f][0-9a-f-]{31,35}$`)
	alias   = regexp.MustCompile(`^(?:arn:aws(?:-[a-z]+)*:kms:[a-z0-9-]{1,32}:[0-9]{12}:)?alias/[A-Za-z0-9/_-]{1,250}$`)
	region  = regexp.MustCompile(`^[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}$`)
)

// ParseRoleChain reads what UNLOAD and COPY run as: the ARN of a role attached to the warehouse, or a chain of them, each
// assuming the next, divided by commas. Keys are never accepted in SQL.
func ParseRoleChain(s string) ([]string, error) {
	if strings.TrimSpace(s) == "" {
		return nil, errors.New("no role is named")
	}
	// A role's name may hold a comma; what follows one that divides is an ARN.
	var roles []string
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		if len(roles) > 0 && !strings.HasPrefix(part, "arn:") {
			roles[len(roles)-1] += "," + part
			continue
		}
		roles = append(roles, part)
	}
	for _, r := range roles {
		if !roleARN.MatchString(r) {
			return nil, fmt.Errorf("%q is not the ARN of a role (arn:aws:iam::123456789012:role/name)", r)
		}
	}
	return roles, nil
}

// CheckKMSKey tells whether s can name a KMS key in a statement: an id, an ARN or an alias.
func CheckKMSKey(s string) error {
	if !kmsKey.MatchString(s) && !alias.MatchString(s) {
		return fmt.Errorf("%q is not a KMS key: an id, an ARN or alias/name is wanted", s)
	}
	return nil
}

// authorization is the clause that says who acts. No spaces may stand between the roles of a chain (DG
// copy-parameters-authorization).
func authorization(chain string) (SQL, error) {
	roles, err := ParseRoleChain(chain)
	if err != nil {
		return SQL{}, err
	}
	return Build("IAM_ROLE ?", Lit(strings.Join(roles, ","))), nil
}

// NullMarker stands for NULL in staged text. It holds nothing that ESCAPE touches, so it reads the same before and after,
// and NullMarkerQuery proves that no value is equal to it.
const NullMarker = "@sealift:null@"

var nullMarker = regexp.MustCompile(`^[A-Za-z0-9@:_.#-]{4,64}$`)

func checkNullMarker(s string) error {
	if !nullMarker.MatchString(s) {
		return fmt.Errorf("%q cannot stand for NULL in text", s)
	}
	return nil
}
