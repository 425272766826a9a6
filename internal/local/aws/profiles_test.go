package aws_test

import (
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdkiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

//standin:imitates IAM: instance profiles, with one role each | API model iam
func TestInstanceProfiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	name, role := awssdk.String("loader"), awssdk.String("runs-loads")
	if _, err := w.admin.iam.CreateRole(ctx, &sdkiam.CreateRoleInput{RoleName: role, AssumeRolePolicyDocument: awssdk.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)}); err != nil {
		t.Fatal(err)
	}
	made, err := w.admin.iam.CreateInstanceProfile(ctx, &sdkiam.CreateInstanceProfileInput{InstanceProfileName: name})
	if err != nil || *made.InstanceProfile.Arn != "arn:aws:iam::111111111111:instance-profile/loader" {
		t.Fatal(made, err)
	}
	_, err = w.admin.iam.CreateInstanceProfile(ctx, &sdkiam.CreateInstanceProfileInput{InstanceProfileName: name})
	wantAs[*types.EntityAlreadyExistsException](t, err)
	add := func(role *string) error {
		_, err := w.admin.iam.AddRoleToInstanceProfile(ctx, &sdkiam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: role})
		return err
	}
	wantAs[*types.NoSuchEntityException](t, add(awssdk.String("nobody")))
	// Who puts a role into a profile hands it to whoever starts an instance.
	bob := w.user("bob", `{"Effect":"Allow","Action":"iam:AddRoleToInstanceProfile","Resource":"*"}`)
	_, err = bob.iam.AddRoleToInstanceProfile(ctx, &sdkiam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: role})
	wantCode(t, err, "AccessDenied")
	wantCode(t, add(role), "")
	wantAs[*types.LimitExceededException](t, add(role))
	got, err := w.admin.iam.GetInstanceProfile(ctx, &sdkiam.GetInstanceProfileInput{InstanceProfileName: name})
	if err != nil || len(got.InstanceProfile.Roles) != 1 || *got.InstanceProfile.Roles[0].RoleName != *role {
		t.Errorf("%+v %v", got, err)
	}
	for what, list := range map[string]func() (int, error){
		"all": func() (int, error) {
			out, err := w.admin.iam.ListInstanceProfiles(ctx, &sdkiam.ListInstanceProfilesInput{})
			return len(out.InstanceProfiles), err
		},
		"of the role": func() (int, error) {
			out, err := w.admin.iam.ListInstanceProfilesForRole(ctx, &sdkiam.ListInstanceProfilesForRoleInput{RoleName: role})
			return len(out.InstanceProfiles), err
		},
	} {
		if n, err := list(); n != 1 || err != nil {
			t.Errorf("%s: %d, %v", what, n, err)
		}
	}
	_, err = w.admin.iam.DeleteRole(ctx, &sdkiam.DeleteRoleInput{RoleName: role})
	wantAs[*types.DeleteConflictException](t, err)
	_, err = w.admin.iam.DeleteInstanceProfile(ctx, &sdkiam.DeleteInstanceProfileInput{InstanceProfileName: name})
	wantAs[*types.DeleteConflictException](t, err)
	_, err = w.admin.iam.RemoveRoleFromInstanceProfile(ctx, &sdkiam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: name, RoleName: role})
	wantCode(t, err, "")
	_, err = w.admin.iam.DeleteInstanceProfile(ctx, &sdkiam.DeleteInstanceProfileInput{InstanceProfileName: name})
	wantCode(t, err, "")
	_, err = w.admin.iam.GetInstanceProfile(ctx, &sdkiam.GetInstanceProfileInput{InstanceProfileName: name})
	wantAs[*types.NoSuchEntityException](t, err)
}
