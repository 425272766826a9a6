package setup

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sealift/sealift/internal/permission"
)

type (
	object = permission.Object
	list   []any
)

// template is a CloudFormation template under way.
type template struct {
	s         *Setup
	resources *yaml.Node
	key       any // what names the key's ARN
	many      bool
}

// CloudFormation writes a template, in YAML, because JSON has no room for reasons. One for several accounts is the same stack in
// each: every resource is made in its own account alone.
func (s *Setup) CloudFormation() (string, error) {
	accounts := s.Accounts()
	t := &template{s: s, resources: &yaml.Node{Kind: yaml.MappingNode}, key: object{{Name: "Ref", Value: keyParameter}}}
	t.many = len(accounts) > 1
	parameters := t.parameters()
	t.stage()
	for _, p := range s.Provider {
		t.add("Provider"+word(p.Issuer), p.Account, "AWS::IAM::OIDCProvider",
			object{{Name: "Url", Value: "https://" + p.Issuer}, {Name: "ClientIdList", Value: list{p.Audience}}}, "Whoever has a token of this issuer, for this audience, can be somebody here.")
	}
	for _, r := range s.Roles {
		t.role(r)
	}
	t.instance()

	where := "Stack in account " + strings.Join(accounts, ", then in ") + ", region " + s.List.Stage.Region + ", with CAPABILITY_NAMED_IAM."
	root := object{
		{Name: "AWSTemplateFormatVersion", Value: "2010-09-09"},
		{Name: "Description", Value: "Sealift, " + string(s.For) + ": what a job needs, and nothing more. " + where},
	}
	if len(parameters) > 0 {
		root = append(root, permission.Member{Name: "Parameters", Value: parameters})
	}
	conditions := object{}
	for _, account := range accounts {
		conditions = append(conditions, permission.Member{Name: in(account), Value: object{{Name: "Fn::Equals", Value: list{object{{Name: "Ref", Value: "AWS::AccountId"}}, account}}}})
	}
	root = append(root, permission.Member{Name: "Conditions", Value: conditions}, permission.Member{Name: "Resources", Value: t.resources})
	if out := t.outputs(); len(out) > 0 {
		root = append(root, permission.Member{Name: "Outputs", Value: out})
	}
	node := t.node(root)
	node.HeadComment = strings.Join(wrap(s.intro(), 110), "\n")
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(&yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{node}}); err != nil {
		return "", err
	}
	return b.String(), enc.Close()
}

const keyParameter = "StageKeyArn"

func in(account string) string { return "In" + account }

// madeHere tells that the template makes the key.
func (t *template) madeHere() bool { return t.s.Key != nil && t.s.Key.ARN == "" }

// parameters are what is not known when the template is written.
func (t *template) parameters() object {
	var out object
	named := t.s.Bucket != nil && !t.madeHere() || slices.ContainsFunc(t.s.Accounts(), func(account string) bool {
		return t.s.namesKeyIn(account) && (!t.madeHere() || account != t.s.Key.Account)
	})
	if named && t.s.List.Stage.KeyARN == permission.StageKey {
		p := object{{Name: "Type", Value: "String"}, {Name: "Description", Value: "ARN of the key that everything staged is encrypted under, as the stage's stack puts it out"}}
		pattern := `^arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$`
		if t.madeHere() { // not needed in the account in which it is made
			p = append(p, permission.Member{Name: "Default", Value: ""})
			pattern = "^$|" + pattern
		}
		out = append(out, permission.Member{Name: keyParameter, Value: append(p, permission.Member{Name: "AllowedPattern", Value: pattern})})
	}
	if t.s.Instance != nil {
		out = append(out,
			permission.Member{Name: "Image", Value: object{
				{Name: "Type", Value: "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"},
				{Name: "Default", Value: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"},
				{Name: "Description", Value: "Image of the loader; it has the AWS CLI"},
			}},
			permission.Member{Name: "InstanceType", Value: object{{Name: "Type", Value: "String"}, {Name: "Default", Value: "t3.small"}, {Name: "Description", Value: "The warehouses do the work; a job that loads files wants more"}}},
			permission.Member{Name: "Subnet", Value: object{{Name: "Type", Value: "AWS::EC2::Subnet::Id"}, {Name: "Description", Value: "Subnet of the loader; behind a NAT gateway, the job's door names that gateway's address"}}},
			permission.Member{Name: "Vpc", Value: object{{Name: "Type", Value: "AWS::EC2::VPC::Id"}, {Name: "Description", Value: "VPC of the subnet"}}},
		)
	}
	return out
}

// add adds a resource to the template.
func (t *template) add(name, account, kind string, properties object, comment string, more ...permission.Member) {
	o := object{{Name: "Type", Value: kind}}
	if account != "" {
		o = append(o, permission.Member{Name: "Condition", Value: in(account)})
	}
	o = append(append(o, more...), permission.Member{Name: "Properties", Value: properties})
	key := &yaml.Node{Kind: yaml.ScalarNode, Value: name, HeadComment: strings.Join(wrap(comment, 110), "\n")}
	t.resources.Content = append(t.resources.Content, key, t.node(o))
}

var retained = []permission.Member{{Name: "DeletionPolicy", Value: "Retain"}, {Name: "UpdateReplacePolicy", Value: "Retain"}}

func (t *template) stage() {
	s := t.s
	if k := s.Key; k != nil && k.ARN == "" {
		t.add("StageKey", k.Account, "AWS::KMS::Key", object{
			{Name: "Description", Value: "what sealift stages"}, {Name: "EnableKeyRotation", Value: true}, {Name: "KeyPolicy", Value: statements(k.Policy)},
		}, "The key that everything staged is encrypted under. It stays when the stack goes: what is encrypted under it could not be read without.", retained...)
		t.add("StageKeyAlias", k.Account, "AWS::KMS::Alias", object{{Name: "AliasName", Value: k.Alias}, {Name: "TargetKeyId", Value: object{{Name: "Ref", Value: "StageKey"}}}}, "The name that the job calls it by.")
		t.key = object{{Name: "Fn::GetAtt", Value: list{"StageKey", "Arn"}}}
	}
	b := s.Bucket
	if b == nil {
		return
	}
	var rules list
	for _, r := range b.Lifecycle {
		one := object{{Name: "Id", Value: r.ID}, {Name: "Status", Value: "Enabled"}}
		if r.Prefix != "" {
			one = append(one, permission.Member{Name: "Prefix", Value: r.Prefix})
		}
		if r.Days > 0 {
			one = append(one, permission.Member{Name: "ExpirationInDays", Value: r.Days})
		}
		if r.Old > 0 {
			one = append(one, permission.Member{Name: "NoncurrentVersionExpiration", Value: object{{Name: "NoncurrentDays", Value: r.Old}}})
		}
		if r.Abort > 0 {
			one = append(one, permission.Member{Name: "AbortIncompleteMultipartUpload", Value: object{{Name: "DaysAfterInitiation", Value: r.Abort}}})
		}
		rules = append(rules, commented{one, []string{r.ID + ": " + r.Why + "."}})
	}
	t.add("StageBucket", b.Account, "AWS::S3::Bucket", object{
		{Name: "BucketName", Value: b.Name},
		{Name: "BucketEncryption", Value: object{{Name: "ServerSideEncryptionConfiguration", Value: list{object{
			{Name: "BucketKeyEnabled", Value: true},
			{Name: "ServerSideEncryptionByDefault", Value: object{{Name: "SSEAlgorithm", Value: "aws:kms"}, {Name: "KMSMasterKeyID", Value: permission.StageKey}}},
		}}}}},
		{Name: "OwnershipControls", Value: object{{Name: "Rules", Value: list{object{{Name: "ObjectOwnership", Value: ownerEnforced}}}}}},
		{Name: "PublicAccessBlockConfiguration", Value: object{
			{Name: "BlockPublicAcls", Value: true}, {Name: "BlockPublicPolicy", Value: true}, {Name: "IgnorePublicAcls", Value: true}, {Name: "RestrictPublicBuckets", Value: true},
		}},
		{Name: "LifecycleConfiguration", Value: object{{Name: "Rules", Value: rules}}},
	}, "Where data is staged: under the key alone, and nobody's but the bucket's owner's.", retained...)
	t.add("StageBucketPolicy", b.Account, "AWS::S3::BucketPolicy", object{
		{Name: "Bucket", Value: object{{Name: "Ref", Value: "StageBucket"}}}, {Name: "PolicyDocument", Value: statements(b.Policy)},
	}, "What is refused, whoever asks.")
}

func (t *template) role(r Role) {
	key := t.key
	if !t.madeHere() || r.Account() != t.s.Key.Account {
		t.key = object{{Name: "Ref", Value: keyParameter}}
	}
	defer func() { t.key = key }()
	name := "Role" + word(r.Name())
	if t.named(name) {
		name += r.Account() // of the same name in another account
	}
	if r.IsUser() {
		t.add(name, r.Account(), "AWS::IAM::ManagedPolicy", object{
			{Name: "ManagedPolicyName", Value: PolicyName + "-" + r.Name()}, {Name: "Users", Value: list{r.Name()}}, {Name: "PolicyDocument", Value: statements(r.Statements)},
		}, r.purpose())
		return
	}
	properties := object{{Name: "RoleName", Value: r.Name()}, {Name: "Path", Value: r.Path()}}
	if r.Session != usualSession {
		properties = append(properties, permission.Member{Name: "MaxSessionDuration", Value: r.Session})
	}
	properties = append(properties, permission.Member{Name: "AssumeRolePolicyDocument", Value: statements(r.Trust)})
	if len(r.Statements) > 0 {
		properties = append(properties, permission.Member{Name: "Policies", Value: list{object{{Name: "PolicyName", Value: PolicyName}, {Name: "PolicyDocument", Value: statements(r.Statements)}}}})
	}
	comment := r.purpose() + r.attachment()
	t.add(name, r.Account(), "AWS::IAM::Role", properties, comment)
	if r.Profile {
		t.add("Profile"+word(r.Name()), r.Account(), "AWS::IAM::InstanceProfile",
			object{{Name: "InstanceProfileName", Value: r.Name()}, {Name: "Roles", Value: list{object{{Name: "Ref", Value: name}}}}}, "Instances have roles by profiles.")
	}
}

func (t *template) named(name string) bool {
	for i := 0; i < len(t.resources.Content); i += 2 {
		if t.resources.Content[i].Value == name {
			return true
		}
	}
	return false
}

// attachment says how to attach a role, where it is one to attach.
func (r Role) attachment() string {
	var b strings.Builder
	for _, a := range r.Attach {
		b.WriteString(" Attach it to the " + a.Side + " afterwards: " + attachCommand(a, r.ARN))
	}
	return b.String()
}

// attachCommand attaches a role to a warehouse, beside those that it has where there is a way to.
func attachCommand(w permission.Warehouse, arn string) string {
	if w.Spec.Cluster != "" {
		return "aws redshift modify-cluster-iam-roles --region " + w.Region + " --cluster-identifier " + w.Spec.Cluster + " --add-iam-roles " + arn
	}
	return attachByHand(w, arn)
}

func (t *template) instance() {
	i := t.s.Instance
	if i == nil {
		return
	}
	account := t.s.List.Roles[0].Account() // the loader's
	ref := func(name string) object { return object{{Name: "Ref", Value: name}} }
	t.add("LoaderSecurityGroup", account, "AWS::EC2::SecurityGroup", object{
		{Name: "GroupDescription", Value: "the loader reaches AWS and the warehouses, and nobody reaches it"},
		{Name: "VpcId", Value: ref("Vpc")},
		{Name: "SecurityGroupEgress", Value: list{
			object{{Name: "IpProtocol", Value: "tcp"}, {Name: "FromPort", Value: 443}, {Name: "ToPort", Value: 443}, {Name: "CidrIp", Value: "0.0.0.0/0"}, {Name: "Description", Value: "AWS"}},
			t.egress(t.s.List.Source), t.egress(t.s.List.Target),
		}},
	}, "Nobody reaches the loader.")
	t.add("LoaderTemplate", account, "AWS::EC2::LaunchTemplate", object{{Name: "LaunchTemplateData", Value: object{
		{Name: "ImageId", Value: ref("Image")},
		{Name: "InstanceType", Value: ref("InstanceType")},
		{Name: "IamInstanceProfile", Value: object{{Name: "Arn", Value: object{{Name: "Fn::GetAtt", Value: list{"Profile" + word(t.s.List.Roles[0].Name()), "Arn"}}}}}},
		{Name: "InstanceInitiatedShutdownBehavior", Value: "terminate"},
		{Name: "MetadataOptions", Value: object{{Name: "HttpTokens", Value: "required"}, {Name: "HttpPutResponseHopLimit", Value: 1}}},
		{Name: "BlockDeviceMappings", Value: list{object{{Name: "DeviceName", Value: "/dev/xvda"}, {Name: "Ebs", Value: object{{Name: "Encrypted", Value: true}}}}}},
		{Name: "NetworkInterfaces", Value: list{object{
			{Name: "DeviceIndex", Value: 0}, {Name: "SubnetId", Value: ref("Subnet")}, {Name: "Groups", Value: list{ref("LoaderSecurityGroup")}}, {Name: "AssociatePublicIpAddress", Value: true},
		}}},
		{Name: "UserData", Value: base64.StdEncoding.EncodeToString([]byte(i.data))},
	}}}, "What the loader is: its credentials by version 2 of the metadata service alone, gone when it shuts down, and no secret in its user data, which is a script and the job, in base64.")
	t.add("LoaderInstance", account, "AWS::EC2::Instance", object{{Name: "LaunchTemplate", Value: object{
		{Name: "LaunchTemplateId", Value: ref("LoaderTemplate")}, {Name: "Version", Value: object{{Name: "Fn::GetAtt", Value: list{"LoaderTemplate", "LatestVersionNumber"}}}},
	}}}, "Runs the job once, keeps its receipt below state/ of the stage, and terminates itself.")
}

// egress lets the loader out to a warehouse's port.
func (t *template) egress(w *permission.Warehouse) any {
	if w == nil || w.Spec.Auth == "data-api" { // which goes to AWS alone
		return nil
	}
	return object{{Name: "IpProtocol", Value: "tcp"}, {Name: "FromPort", Value: w.Spec.Port}, {Name: "ToPort", Value: w.Spec.Port}, {Name: "CidrIp", Value: "0.0.0.0/0"}, {Name: "Description", Value: "the " + w.Side}}
}

func (t *template) outputs() object {
	if !t.madeHere() {
		return nil
	}
	return object{{Name: "StageKeyArn", Value: object{
		{Name: "Condition", Value: in(t.s.Key.Account)}, {Name: "Description", Value: "for the stacks of other accounts"}, {Name: "Value", Value: permission.StageKey},
	}}}
}

// policyOf is a policy document whose statements have their reasons above them.
type policyOf []permission.Statement

func statements(all []permission.Statement) policyOf { return all }

// commented is a value with a reason.
type commented struct {
	value any
	why   []string
}

// node turns values into YAML.
func (t *template) node(v any) *yaml.Node {
	switch v := v.(type) {
	case *yaml.Node:
		return v
	case object:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, m := range v {
			n.Content = append(n.Content, text(m.Name), t.node(m.Value))
		}
		return n
	case policyOf:
		all := &yaml.Node{Kind: yaml.SequenceNode}
		for _, s := range v {
			n := t.node(s.Object())
			n.HeadComment = strings.Join(because(s), "\n")
			all.Content = append(all.Content, n)
		}
		return t.node(object{{Name: "Version", Value: "2012-10-17"}, {Name: "Statement", Value: all}})
	case commented:
		n := t.node(v.value)
		n.HeadComment = strings.Join(v.why, "\n")
		return n
	case list:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, one := range v {
			if one != nil {
				n.Content = append(n.Content, t.node(one))
			}
		}
		return n
	case []string:
		if len(v) == 1 {
			return t.node(v[0])
		}
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, one := range v {
			n.Content = append(n.Content, t.node(one))
		}
		return n
	case string:
		if v == permission.StageKey && t.s.List.Stage.KeyARN == permission.StageKey {
			return t.node(t.key)
		}
		if v == permission.StageKey {
			v = t.s.List.Stage.KeyARN
		}
		return text(v)
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v)}
	case int:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(v)}
	default:
		panic("setup: no YAML for a value of this type")
	}
}

// text is a text, in quotes where it would be read as something else.
func text(v string) *yaml.Node {
	n := new(yaml.Node)
	n.SetString(v)
	return n
}
