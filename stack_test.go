package sealift_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"go.yaml.in/yaml/v3"
)

// stack is a template of CloudFormation that is carried out in one account, by the ordinary APIs: parameters, conditions, Ref and
// Fn::GetAtt are worked out, each resource comes after those that it refers to, and what is there already is brought to what the
// template says, as an import does. Functions, types and properties that it does not know are errors: nothing of a template is left out.
// What EC2 would start is kept, since the stand-in has no instances.
type stack struct {
	account    string
	cfg        aws.Config
	resources  map[string]templateResource
	conditions map[string]any
	parameters map[string]string
	attributes map[string]map[string]string // of what was made, by logical id; Ref is one of them
	making     []string                     // to find those that refer to each other
	template   *launchData
	instances  int
}

type templateResource struct {
	Type                string         `yaml:"Type"`
	Condition           string         `yaml:"Condition"`
	DeletionPolicy      string         `yaml:"DeletionPolicy"`
	UpdateReplacePolicy string         `yaml:"UpdateReplacePolicy"`
	Properties          map[string]any `yaml:"Properties"`
}

// deploy carries out a template, and answers the stack with its outputs.
func (w *world) deploy(ctx context.Context, account, text string, parameters map[string]string) (*stack, map[string]string, error) {
	var t struct {
		AWSTemplateFormatVersion, Description string //nolint:tagliatelle // CloudFormation's names
		Parameters                            map[string]struct {
			Type, Description, AllowedPattern string
			Default                           *string
		}
		Conditions map[string]any
		Resources  map[string]templateResource
		Outputs    map[string]struct {
			Condition, Description string
			Value                  any
		}
	}
	if err := decodeTemplate(text, &t); err != nil {
		return nil, nil, err
	}
	s := &stack{account: account, cfg: w.account(account), resources: t.Resources, conditions: t.Conditions, parameters: map[string]string{}, attributes: map[string]map[string]string{}}
	for name, p := range t.Parameters {
		switch value, given := parameters[name]; {
		case given:
			s.parameters[name] = value
		case p.Default != nil:
			s.parameters[name] = *p.Default
		default:
			return nil, nil, fmt.Errorf("the template needs a value for %s", name)
		}
	}
	for name := range parameters {
		if _, known := t.Parameters[name]; !known {
			return nil, nil, fmt.Errorf("the template has no parameter %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Resources)) {
		if err := s.make(ctx, name); err != nil {
			return nil, nil, err
		}
	}
	outputs := map[string]string{}
	for name, o := range t.Outputs {
		here, err := s.holds(ctx, o.Condition)
		if err != nil || !here {
			if err != nil {
				return nil, nil, err
			}
			continue
		}
		value, err := s.resolve(ctx, o.Value)
		if err != nil {
			return nil, nil, err
		}
		outputs[name] = fmt.Sprint(value)
	}
	return s, outputs, nil
}

// decodeTemplate reads YAML by CloudFormation's own names, and refuses others.
func decodeTemplate(text string, out any) error {
	var tree any
	if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
		return err
	}
	return decodeStrictly(tree, out)
}

func decodeStrictly(tree, out any) error {
	text, err := json.Marshal(tree)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	return dec.Decode(out)
}

// holds tells whether a condition does; one of no name does.
func (s *stack) holds(ctx context.Context, name string) (bool, error) {
	if name == "" {
		return true, nil
	}
	function, ok := s.conditions[name].(map[string]any)
	if !ok || len(function) != 1 || function["Fn::Equals"] == nil {
		return false, fmt.Errorf("condition %s: %v is not Fn::Equals", name, s.conditions[name])
	}
	sides, ok := function["Fn::Equals"].([]any)
	if !ok || len(sides) != 2 {
		return false, fmt.Errorf("condition %s has not two sides", name)
	}
	for i := range sides {
		v, err := s.resolve(ctx, sides[i])
		if err != nil {
			return false, err
		}
		sides[i] = v
	}
	return sides[0] == sides[1], nil
}

// resolve works out functions in a value, making what they refer to.
func (s *stack) resolve(ctx context.Context, v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["Ref"].(string); ok && len(v) == 1 {
			return s.refer(ctx, ref, "Ref")
		}
		if at, ok := v["Fn::GetAtt"].([]any); ok && len(v) == 1 && len(at) == 2 {
			return s.refer(ctx, fmt.Sprint(at[0]), fmt.Sprint(at[1]))
		}
		out := map[string]any{}
		for key, one := range v {
			if strings.HasPrefix(key, "Fn::") {
				return nil, fmt.Errorf("%s: %v is not known here", key, one)
			}
			value, err := s.resolve(ctx, one)
			if err != nil {
				return nil, err
			}
			out[key] = value
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i := range v {
			var err error
			if out[i], err = s.resolve(ctx, v[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	default:
		return v, nil
	}
}

func (s *stack) refer(ctx context.Context, name, attribute string) (string, error) {
	if value, ok := map[string]string{"AWS::AccountId": s.account, "AWS::Region": s.cfg.Region}[name]; ok {
		return value, nil
	}
	if value, ok := s.parameters[name]; ok && attribute == "Ref" {
		if value == "" {
			return "", fmt.Errorf("parameter %s is needed in account %s, and is empty", name, s.account)
		}
		return value, nil
	}
	if err := s.make(ctx, name); err != nil {
		return "", err
	}
	value, ok := s.attributes[name][attribute]
	if !ok {
		return "", fmt.Errorf("%s of %s is not there in account %s", attribute, name, s.account)
	}
	return value, nil
}

// make makes one resource, if it is this account's and was not made yet.
func (s *stack) make(ctx context.Context, name string) error {
	r, known := s.resources[name]
	if !known {
		return fmt.Errorf("the template has no resource %s", name)
	}
	here, err := s.holds(ctx, r.Condition)
	if err != nil || !here || s.attributes[name] != nil {
		return err
	}
	if slices.Contains(s.making, name) {
		return fmt.Errorf("%s refers to itself, by %v", name, s.making)
	}
	s.making = append(s.making, name)
	defer func() { s.making = s.making[:len(s.making)-1] }()
	kinds := map[string]func(ctx context.Context, name string, properties any) (map[string]string, error){
		"AWS::KMS::Key": s.key, "AWS::KMS::Alias": s.alias, "AWS::S3::Bucket": s.bucket, "AWS::S3::BucketPolicy": s.bucketPolicy,
		"AWS::IAM::OIDCProvider": s.provider, "AWS::IAM::Role": s.role, "AWS::IAM::InstanceProfile": s.profile, "AWS::IAM::ManagedPolicy": s.managedPolicy,
		"AWS::EC2::SecurityGroup": s.group, "AWS::EC2::LaunchTemplate": s.launchTemplate, "AWS::EC2::Instance": s.instance,
	}
	do := kinds[r.Type]
	if do == nil {
		return fmt.Errorf("%s: nothing makes %s here", name, r.Type)
	}
	properties, err := s.resolve(ctx, r.Properties)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	made, err := do(ctx, name, properties)
	if err != nil {
		return fmt.Errorf("%s %s in account %s: %w", r.Type, name, s.account, err)
	}
	s.attributes[name] = made
	return nil
}

// document is a policy as it is put.
type document json.RawMessage

func (d *document) UnmarshalJSON(text []byte) error { *d = slices.Clone(text); return nil }
func (d document) text() *string                    { return aws.String(string(d)) }

func (s *stack) key(ctx context.Context, name string, properties any) (map[string]string, error) {
	var p struct {
		Description       string
		EnableKeyRotation bool
		KeyPolicy         document
	}
	if err := decodeStrictly(properties, &p); err != nil {
		return nil, err
	}
	client := kms.NewFromConfig(s.cfg)
	id, arn := "", ""
	for _, r := range s.resources { // a key that has the alias already is imported
		if target, ok := r.Properties["TargetKeyId"].(map[string]any); ok && target["Ref"] == name {
			there, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(fmt.Sprint(r.Properties["AliasName"]))})
			if err == nil {
				id, arn = *there.KeyMetadata.KeyId, *there.KeyMetadata.Arn
			}
		}
	}
	if id == "" {
		made, err := client.CreateKey(ctx, &kms.CreateKeyInput{Policy: p.KeyPolicy.text(), Description: &p.Description})
		if err != nil {
			return nil, err
		}
		id, arn = *made.KeyMetadata.KeyId, *made.KeyMetadata.Arn
	} else if _, err := client.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &id, Policy: p.KeyPolicy.text()}); err != nil {
		return nil, err
	}
	if p.EnableKeyRotation {
		if _, err := client.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: &id}); err != nil {
			return nil, err
		}
	}
	return map[string]string{"Ref": id, "Arn": arn}, nil
}

func (s *stack) alias(ctx context.Context, _ string, properties any) (map[string]string, error) {
	var p struct{ AliasName, TargetKeyId string } //nolint:revive // CloudFormation's names
	if err := decodeStrictly(properties, &p); err != nil {
		return nil, err
	}
	client := kms.NewFromConfig(s.cfg)
	if there, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &p.AliasName}); err != nil || *there.KeyMetadata.KeyId != p.TargetKeyId {
		if _, err := client.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &p.AliasName, TargetKeyId: &p.TargetKeyId}); err != nil {
			return nil, err
		}
	}
	return map[string]string{"Ref": p.AliasName}, nil
}

func (s *stack) bucket(ctx context.Context, _ string, properties any) (map[string]string, error) {
	var p struct {
		BucketName       string
		BucketEncryption struct {
			ServerSideEncryptionConfiguration []struct {
				BucketKeyEnabled              bool
				ServerSideEncryptionByDefault struct{ SSEAlgorithm, KMSMasterKeyID string }
			}
		}
		OwnershipControls struct {
			Rules []struct{ ObjectOwnership string }
		}
		PublicAccessBlockConfiguration struct{ BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets bool }
		LifecycleConfiguration         struct {
			Rules []struct {
				Id, Status, Prefix             string //nolint:revive // CloudFormation's names
				ExpirationInDays               int32
				NoncurrentVersionExpiration    *struct{ NoncurrentDays int32 }
				AbortIncompleteMultipartUpload *struct{ DaysAfterInitiation int32 }
			}
		}
	}
	if err := decodeStrictly(properties, &p); err != nil {
		return nil, err
	}
	name, client := &p.BucketName, s.s3()
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(s.cfg.Region)}})
	if _, there := errors.AsType[*s3types.BucketAlreadyOwnedByYou](err); err != nil && !there {
		return nil, err
	}
	var encryption []s3types.ServerSideEncryptionRule
	for _, r := range p.BucketEncryption.ServerSideEncryptionConfiguration {
		encryption = append(encryption, s3types.ServerSideEncryptionRule{BucketKeyEnabled: &r.BucketKeyEnabled, ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{
			SSEAlgorithm: s3types.ServerSideEncryption(r.ServerSideEncryptionByDefault.SSEAlgorithm), KMSMasterKeyID: &r.ServerSideEncryptionByDefault.KMSMasterKeyID,
		}})
	}
	var ownership []s3types.OwnershipControlsRule
	for _, r := range p.OwnershipControls.Rules {
		ownership = append(ownership, s3types.OwnershipControlsRule{ObjectOwnership: s3types.ObjectOwnership(r.ObjectOwnership)})
	}
	var lifecycle []s3types.LifecycleRule
	for _, r := range p.LifecycleConfiguration.Rules {
		one := s3types.LifecycleRule{ID: &r.Id, Status: s3types.ExpirationStatus(r.Status), Filter: &s3types.LifecycleRuleFilter{Prefix: &r.Prefix}}
		if r.ExpirationInDays > 0 {
			one.Expiration = &s3types.LifecycleExpiration{Days: &r.ExpirationInDays}
		}
		if old := r.NoncurrentVersionExpiration; old != nil {
			one.NoncurrentVersionExpiration = &s3types.NoncurrentVersionExpiration{NoncurrentDays: &old.NoncurrentDays}
		}
		if begun := r.AbortIncompleteMultipartUpload; begun != nil {
			one.AbortIncompleteMultipartUpload = &s3types.AbortIncompleteMultipartUpload{DaysAfterInitiation: &begun.DaysAfterInitiation}
		}
		lifecycle = append(lifecycle, one)
	}
	block := p.PublicAccessBlockConfiguration
	for _, put := range []func() error{
		func() error {
			_, err := client.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: name, ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: encryption}})
			return err
		},
		func() error {
			_, err := client.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{Bucket: name, OwnershipControls: &s3types.OwnershipControls{Rules: ownership}})
			return err
		},
		func() error {
			_, err := client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: name, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
				BlockPublicAcls: &block.BlockPublicAcls, BlockPublicPolicy: &block.BlockPublicPolicy, IgnorePublicAcls: &block.IgnorePublicAcls, RestrictPublicBuckets: &block.RestrictPublicBuckets,
			}})
			return err
		},
		func() error {
			_, err := client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: name, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: lifecycle}})
			return err
		},
	} {
		if err := put(); err != nil {
			return nil, err
		}
	}
	return map[string]string{"Ref": *name, "Arn": "arn:aws:s3:::" + *name}, nil
}

func (s *stack) s3() *s3.Client {
	return s3.NewFromConfig(s.cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

func (s *stack) bucketPolicy(ctx context.Context, _ string, properties any) (map[string]string, error) {
	var p struct {
		Bucket         string
		PolicyDocument document
	}
	if err := decodeStrictly(properties, &p); err != nil {
		return nil, err
	}
	_, err := s.s3().PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &p.Bucket, Policy: p.PolicyDocument.text()})
	return map[string]string{}, err
}

// provider makes an identity provider. An account has one for each issuer, which several scripts share.
func (s *stack) provider(ctx context.Context, _ string, properties any) (map[string]string, error) {
	var p struct {
		Url          string //nolint:revive // CloudFormation's names
		ClientIdList []string
	}
	if err := decodeStrictly(properties, &p); err != nil {
		return nil, err
	}
	client, arn := awsiam.NewFromConfig(s.cfg), "arn:aws:iam::"+s.account+":oidc-provider/"+strings.TrimPrefix(p.Url, "https://")
	_, err := client.CreateOpenIDConnectProvider(ctx, &awsiam.CreateOpenIDConnectProviderInput{Url: &p.Url, ClientIDList: p.ClientIdList})
	if _, there := errors.AsType[*iamtypes.EntityAlreadyExistsException](err); there {
		err = nil
		for _, id := range p.ClientIdList {
			_, failed := client.AddClientIDToOpenIDConnectProvider(ctx, &awsiam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: &arn, ClientID: &id})
			err = errors.Join(err, failed)
		}
	}
	return map[string]string{"Ref": arn, "Arn": arn}, err
}

func (s *stack) role(ctx context.Context, _ string, properties any) (map[string]string, error) {
	p := struct {
		RoleName, Path           string
		MaxSessionDuration       int32
		AssumeRolePolicyDocument document
		Policies                 []struct {
			PolicyName     string
			PolicyDocument document
		}
	}{MaxSessionDuration: 3600}
	if err := decodeStrictly(properties, &p); err != nil {
		return nil, err
	}
	client := awsiam.NewFromConfig(s.cfg)
	_, err := client.CreateRole(ctx, &awsiam.CreateRoleInput{RoleName: &p.RoleName, Path: &p.Path, AssumeRolePolicyDocument: p.AssumeRolePolicyDocument.text(), MaxSessionDuration: &p.MaxSessionDuration})
	if _, there := errors.AsType[*iamtypes.EntityAlreadyExistsException](err); there {
		_, err = client.UpdateAssumeRolePolicy(ctx, &awsiam.UpdateAssumeRolePolicyInput{RoleName: &p.RoleName, PolicyDocument: p.AssumeRolePolicyDocument.text()})
	}
	if err != nil {
		return nil, err
	}
	for _, one := range p.Policies {
		if _, err := client.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: &p.RoleName, PolicyName: &one.PolicyName, PolicyDocument: one.PolicyDocument.text()}); err != nil {
			return nil, err
		}
	}
	return map[string]string{"Ref": p.RoleName, "Arn": "arn:aws:iam::" + s.account + ":role" + p.Path + p.RoleName}, nil
}

func (s *stack) profile(ctx context.Context, _ string, properties any) (map[string]string, error) {
	var p struct {
		InstanceProfileName string
		Roles               []string
	}
	if err := decodeStrictly(properties, &p); err != nil {
		return nil, err
	}
	client := awsiam.NewFromConfig(s.cfg)
	made := map[string]string{"Ref": p.InstanceProfileName, "Arn": "arn:aws:iam::" + s.account + ":instance-profile/" + p.InstanceProfileName}
	_, err := client.CreateInstanceProfile(ctx, &awsiam.CreateInstanceProfileInput{InstanceProfileName: &p.InstanceProfileName})
	if _, there := errors.AsType[*iamtypes.EntityAlreadyExistsException](err); there {
		return made, nil
	}
	for _, role := range p.Roles {
		_, failed := client.AddRoleToInstanceProfile(ctx, &awsiam.AddRoleToInstanceProfileInput{InstanceProfileName: &p.InstanceProfileName, RoleName: &role})
		err = errors.Join(err, failed)
	}
	return made, err
}

func (s *stack) managedPolicy(ctx context.Context, _ string, properties any) (map[string]string, error) {
	var p struct {
		ManagedPolicyName string
		Users             []string
		PolicyDocument    document
	}
	if err := decodeStrictly(properties, &p); err != nil {
		return nil, err
	}
	client := awsiam.NewFromConfig(s.cfg)
	made, err := client.CreatePolicy(ctx, &awsiam.CreatePolicyInput{PolicyName: &p.ManagedPolicyName, PolicyDocument: p.PolicyDocument.text()})
	if err != nil {
		return nil, err
	}
	for _, user := range p.Users {
		_, failed := client.AttachUserPolicy(ctx, &awsiam.AttachUserPolicyInput{UserName: &user, PolicyArn: made.Policy.Arn})
		err = errors.Join(err, failed)
	}
	return map[string]string{"Ref": *made.Policy.Arn}, err
}

// launchData is what a launch template starts.
type launchData struct {
	ImageId, InstanceType             string //nolint:revive // CloudFormation's names
	IamInstanceProfile                struct{ Arn string }
	InstanceInitiatedShutdownBehavior string
	MetadataOptions                   struct {
		HttpTokens              string
		HttpPutResponseHopLimit int
	}
	BlockDeviceMappings []struct {
		DeviceName string
		Ebs        struct{ Encrypted bool }
	}
	NetworkInterfaces []struct {
		DeviceIndex              int
		SubnetId                 string //nolint:revive // CloudFormation's names
		Groups                   []string
		AssociatePublicIpAddress bool
	}
	UserData string
}

func (s *stack) group(_ context.Context, name string, properties any) (map[string]string, error) {
	var p struct {
		GroupDescription, VpcId string //nolint:revive // CloudFormation's names
		SecurityGroupEgress     []struct {
			IpProtocol, CidrIp, Description string //nolint:revive // CloudFormation's names
			FromPort, ToPort                int
		}
	}
	if err := decodeStrictly(properties, &p); err != nil {
		return nil, err
	}
	if p.VpcId == "" || len(p.SecurityGroupEgress) == 0 {
		return nil, errors.New("a group without a VPC, or that lets nothing out")
	}
	return map[string]string{"Ref": "sg-" + name, "GroupId": "sg-" + name}, nil
}

// launchTemplate keeps what would be started: by version 2 of the metadata service alone, on encrypted disks, gone when it shuts down.
func (s *stack) launchTemplate(_ context.Context, name string, properties any) (map[string]string, error) {
	var p struct{ LaunchTemplateData launchData }
	if err := decodeStrictly(properties, &p); err != nil {
		return nil, err
	}
	d := &p.LaunchTemplateData
	if d.MetadataOptions.HttpTokens != "required" || d.InstanceInitiatedShutdownBehavior != "terminate" ||
		slices.ContainsFunc(d.BlockDeviceMappings, func(b struct {
			DeviceName string
			Ebs        struct{ Encrypted bool }
		},
		) bool {
			return !b.Ebs.Encrypted
		}) {
		return nil, fmt.Errorf("an instance that outlives its job, gives credentials without a token, or has a disk in clear: %+v", d)
	}
	s.template = d
	return map[string]string{"Ref": "lt-" + name, "LatestVersionNumber": "1"}, nil
}

func (s *stack) instance(_ context.Context, name string, properties any) (map[string]string, error) {
	var p struct {
		LaunchTemplate struct{ LaunchTemplateId, Version string } //nolint:revive // CloudFormation's names
	}
	if err := decodeStrictly(properties, &p); err != nil {
		return nil, err
	}
	s.instances++
	return map[string]string{"Ref": "i-" + name}, nil
}

// started is what the instance of the stack would run, and in whose name: the role of its instance profile.
func (s *stack) started(ctx context.Context) (script []byte, role string, err error) {
	if s.template == nil || s.instances != 1 {
		return nil, "", fmt.Errorf("the stack of account %s starts %d instances", s.account, s.instances)
	}
	if script, err = base64.StdEncoding.DecodeString(s.template.UserData); err != nil {
		return nil, "", err
	}
	_, name, _ := strings.Cut(s.template.IamInstanceProfile.Arn, ":instance-profile/")
	found, err := awsiam.NewFromConfig(s.cfg).GetInstanceProfile(ctx, &awsiam.GetInstanceProfileInput{InstanceProfileName: &name})
	if err != nil {
		return nil, "", err
	}
	if len(found.InstanceProfile.Roles) != 1 {
		return nil, "", fmt.Errorf("instance profile %s has %d roles", name, len(found.InstanceProfile.Roles))
	}
	return script, *found.InstanceProfile.Roles[0].Arn, nil
}
