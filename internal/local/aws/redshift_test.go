package aws_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdkredshift "github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshift/types"
	sdksts "github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sealift/sealift/internal/local/aws"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/redshiftapi"
)

const trustRedshift = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"redshift.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func newCluster(id string) *sdkredshift.CreateClusterInput {
	return &sdkredshift.CreateClusterInput{
		ClusterIdentifier: &id, NodeType: awssdk.String("ra3.xlplus"), NumberOfNodes: awssdk.Int32(2), MasterUsername: awssdk.String("awsuser"),
		MasterUserPassword: awssdk.String("Secret123"), DBName: awssdk.String("dev"),
	}
}

//standin:imitates Redshift API: clusters made, described, rebooted, deleted | API model redshift
func TestClusters(t *testing.T) {
	t.Parallel()
	warehouses := &fleet{}
	w := newWorld(t, func(o *aws.Options) { o.Fleet = warehouses })
	ctx := t.Context()
	made, err := w.admin.redshift.CreateCluster(ctx, newCluster("one"))
	if err != nil {
		t.Fatal(err)
	}
	if *made.Cluster.ClusterStatus != "creating" || made.Cluster.Endpoint != nil {
		t.Errorf("made %+v", made.Cluster)
	}
	if got := warehouses.password(home + "/one"); got != "Secret123" {
		t.Errorf("the warehouse got the password %q", got)
	}
	_, err = w.admin.redshift.CreateCluster(ctx, newCluster("one"))
	wantAs[*types.ClusterAlreadyExistsFault](t, err)
	describe := func(id string) (types.Cluster, error) {
		out, err := w.admin.redshift.DescribeClusters(ctx, &sdkredshift.DescribeClustersInput{ClusterIdentifier: &id})
		if err != nil {
			return types.Cluster{}, err
		}
		return out.Clusters[0], nil
	}
	got, err := describe("one")
	if err != nil {
		t.Fatal(err)
	}
	if *got.ClusterStatus != "available" || *got.Endpoint.Address != "127.0.0.1" || *got.Endpoint.Port != 5439 || len(got.ClusterNodes) != 3 || !*got.Encrypted || *got.DBName != "dev" {
		t.Errorf("described %+v", got)
	}
	if err := sdkredshift.NewClusterAvailableWaiter(w.admin.redshift).Wait(ctx, &sdkredshift.DescribeClustersInput{ClusterIdentifier: awssdk.String("one")}, time.Minute); err != nil {
		t.Error(err)
	}
	_, err = describe("two")
	wantAs[*types.ClusterNotFoundFault](t, err)
	// Clusters belong to an account and a region.
	for name, c := range map[string]client{"account": w.adminOf(second), "region": w.as(w.admin.creds, "us-east-1")} {
		out, err := c.redshift.DescribeClusters(ctx, nil)
		if err != nil || len(out.Clusters) != 0 {
			t.Errorf("another %s sees %+v, %v", name, out, err)
		}
	}

	if _, err := w.admin.redshift.ModifyCluster(ctx, &sdkredshift.ModifyClusterInput{ClusterIdentifier: awssdk.String("one"), MasterUserPassword: awssdk.String("Another123")}); err != nil {
		t.Fatal(err)
	}
	if got := warehouses.password(home + "/one"); got != "Another123" {
		t.Errorf("password is %q", got)
	}
	_, err = w.admin.redshift.ModifyCluster(ctx, &sdkredshift.ModifyClusterInput{ClusterIdentifier: awssdk.String("one"), NodeType: awssdk.String("ra3.large")})
	wantCode(t, err, "NotImplemented")
	out, err := w.admin.redshift.RebootCluster(ctx, &sdkredshift.RebootClusterInput{ClusterIdentifier: awssdk.String("one")})
	if err != nil || *out.Cluster.ClusterStatus != "rebooting" || warehouses.rebooted != 1 {
		t.Errorf("reboot %+v, %v", out, err)
	}

	remove := func(skip bool, snapshot *string) error {
		_, err := w.admin.redshift.DeleteCluster(ctx, &sdkredshift.DeleteClusterInput{ClusterIdentifier: awssdk.String("one"), SkipFinalClusterSnapshot: &skip, FinalClusterSnapshotIdentifier: snapshot})
		return err
	}
	wantCode(t, remove(false, nil), "InvalidParameterCombination")
	wantCode(t, remove(false, awssdk.String("last")), "NotImplemented")
	wantCode(t, remove(true, nil), "")
	wantAs[*types.ClusterNotFoundFault](t, remove(true, nil))
	if warehouses.password(home+"/one") != "" {
		t.Error("the warehouse still runs")
	}

	warehouses.failStart = errors.New("no room")
	_, err = w.admin.redshift.CreateCluster(ctx, newCluster("three"))
	wantCode(t, err, "InternalFailure")
	_, err = describe("three")
	wantAs[*types.ClusterNotFoundFault](t, err)
}

//standin:imitates Redshift API: the rules of CreateCluster | API model redshift CreateCluster
//standin:refuses Redshift API: networks, managed passwords, keys of a cluster | API model redshift CreateCluster
func TestCreateClusterRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *aws.Options) { o.Fleet = &fleet{} })
	type in = sdkredshift.CreateClusterInput
	for name, tt := range map[string]struct {
		change func(*in)
		want   string
	}{
		"upper case id":       {func(i *in) { i.ClusterIdentifier = awssdk.String("One") }, "InvalidParameterValue"},
		"two hyphens":         {func(i *in) { i.ClusterIdentifier = awssdk.String("a--b") }, "InvalidParameterValue"},
		"hyphen at the end":   {func(i *in) { i.ClusterIdentifier = awssdk.String("a-") }, "InvalidParameterValue"},
		"node type":           {func(i *in) { i.NodeType = awssdk.String("t3.micro") }, "InvalidParameterValue"},
		"reserved user":       {func(i *in) { i.MasterUsername = awssdk.String("user") }, "InvalidParameterValue"},
		"reserved database":   {func(i *in) { i.DBName = awssdk.String("table") }, "InvalidParameterValue"},
		"short password":      {func(i *in) { i.MasterUserPassword = awssdk.String("Short1") }, "InvalidParameterValue"},
		"password no digit":   {func(i *in) { i.MasterUserPassword = awssdk.String("Passwords") }, "InvalidParameterValue"},
		"password with slash": {func(i *in) { i.MasterUserPassword = awssdk.String("Secret/123") }, "InvalidParameterValue"},
		"no password":         {func(i *in) { i.MasterUserPassword = nil }, "MissingParameter"},
		"not encrypted":       {func(i *in) { i.Encrypted = awssdk.Bool(false) }, "InvalidParameterValue"},
		"port":                {func(i *in) { i.Port = awssdk.Int32(80) }, "InvalidParameterValue"},
		"one of many nodes":   {func(i *in) { i.ClusterType, i.NumberOfNodes = awssdk.String("multi-node"), awssdk.Int32(1) }, "InvalidParameterValue"},
		"managed password":    {func(i *in) { i.ManageMasterPassword = awssdk.Bool(true) }, "NotImplemented"},
		"security groups":     {func(i *in) { i.VpcSecurityGroupIds = []string{"sg-1"} }, "InvalidVPCNetworkStateFault"},
		"KMS key":             {func(i *in) { i.KmsKeyId = awssdk.String("x") }, "NotImplemented"},
		"unknown role":        {func(i *in) { i.IamRoles = []string{"arn:aws:iam::111111111111:role/nothing"} }, "InvalidParameterValue"},
		"far role":            {func(i *in) { i.IamRoles = []string{"arn:aws:iam::222222222222:role/OrganizationAccountAccessRole"} }, "AccessDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newCluster("one")
			tt.change(i)
			_, err := w.admin.redshift.CreateCluster(t.Context(), i)
			wantCode(t, err, tt.want)
		})
	}
	none := newWorld(t)
	_, err := none.admin.redshift.CreateCluster(t.Context(), newCluster("one"))
	wantCode(t, err, "NotImplemented")
	_, err = none.admin.redshift.DescribeLoggingStatus(t.Context(), &sdkredshift.DescribeLoggingStatusInput{ClusterIdentifier: awssdk.String("one")})
	wantCode(t, err, "NotImplemented")
}

//standin:imitates Redshift API: roles of a cluster, and the time until they can be used | API model redshift ModifyClusterIamRoles
func TestClusterRoles(t *testing.T) {
	t.Parallel()
	time0 := &clock{now: time.Now()}
	w := newWorld(t, func(o *aws.Options) { o.Fleet, o.Now, o.RoleDelay = &fleet{}, time0.time, time.Minute })
	ctx := t.Context()
	loader := w.role(w.admin, "loader", trustRedshift)
	unloader := w.role(w.admin, "unloader", trustRedshift)
	if _, err := w.admin.redshift.CreateCluster(ctx, newCluster("one")); err != nil {
		t.Fatal(err)
	}
	name := redshiftapi.Name{Account: home, Region: region, ID: "one"}
	modify := func(c client, add, remove []string, def *string) (*types.Cluster, error) {
		out, err := c.redshift.ModifyClusterIamRoles(ctx, &sdkredshift.ModifyClusterIamRolesInput{ClusterIdentifier: awssdk.String("one"), AddIamRoles: add, RemoveIamRoles: remove, DefaultIamRoleArn: def})
		if err != nil {
			return nil, err
		}
		return out.Cluster, nil
	}
	// Attaching needs iam:PassRole besides the right on the cluster.
	timid := w.user("timid", allow("redshift:ModifyClusterIamRoles", "*"))
	_, err := modify(timid, []string{loader}, nil, nil)
	wantCode(t, err, "AccessDenied")
	brave := w.user("brave", allow("redshift:ModifyClusterIamRoles", "*"), `{"Effect":"Allow","Action":"iam:PassRole","Resource":"`+loader+`","Condition":{"StringEquals":{"iam:PassedToService":"redshift.amazonaws.com"}}}`)
	_, err = modify(brave, []string{unloader}, nil, nil)
	wantCode(t, err, "AccessDenied")
	c, err := modify(brave, []string{loader}, nil, &loader)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.IamRoles) != 1 || *c.IamRoles[0].ApplyStatus != "adding" || *c.DefaultIamRoleArn != loader {
		t.Errorf("roles %+v", c.IamRoles)
	}
	if got := w.Redshift.Attached(name); len(got) != 0 {
		t.Errorf("usable while it is added: %v", got)
	}
	time0.advance(time.Minute)
	if got := w.Redshift.Attached(name); len(got) != 1 || got[0] != loader || w.Redshift.DefaultRole(name) != loader {
		t.Errorf("attached %v", got)
	}
	out, err := w.admin.redshift.DescribeClusters(ctx, nil)
	if err != nil || *out.Clusters[0].IamRoles[0].ApplyStatus != "in-sync" {
		t.Errorf("described %+v, %v", out, err)
	}
	_, err = modify(w.admin, nil, []string{unloader}, nil)
	wantCode(t, err, "InvalidParameterValue")
	_, err = modify(w.admin, nil, nil, &unloader)
	wantCode(t, err, "InvalidParameterValue")
	if _, err := modify(w.admin, nil, []string{loader}, nil); err != nil {
		t.Fatal(err)
	}
	if got := w.Redshift.Attached(name); len(got) != 0 || w.Redshift.DefaultRole(name) != "" {
		t.Errorf("after removal %v, default %q", got, w.Redshift.DefaultRole(name))
	}
}

//standin:imitates Redshift API: GetClusterCredentials and the rights it needs | MG generating-iam-credentials-role-permissions
func TestGetClusterCredentials(t *testing.T) {
	t.Parallel()
	time0 := &clock{now: time.Now()}
	w := newWorld(t, func(o *aws.Options) { o.Fleet, o.Now = &fleet{}, time0.time })
	ctx := t.Context()
	if _, err := w.admin.redshift.CreateCluster(ctx, newCluster("one")); err != nil {
		t.Fatal(err)
	}
	name := redshiftapi.Name{Account: home, Region: region, ID: "one"}
	type in = sdkredshift.GetClusterCredentialsInput
	get := func(c client, change func(*in)) (*sdkredshift.GetClusterCredentialsOutput, error) {
		i := &in{ClusterIdentifier: awssdk.String("one"), DbUser: awssdk.String("bob")}
		if change != nil {
			change(i)
		}
		return c.redshift.GetClusterCredentials(ctx, i)
	}
	for name, tt := range map[string]struct {
		change func(*in)
		user   string // "" is refused
		want   string
	}{
		"plain":              {nil, "IAM:bob", ""},
		"create":             {func(i *in) { i.AutoCreate = awssdk.Bool(true) }, "IAMA:bob", ""},
		"create with groups": {func(i *in) { i.AutoCreate, i.DbGroups = awssdk.Bool(true), []string{"staff", "ops"} }, "IAMA:bob:staff:ops", ""},
		"groups":             {func(i *in) { i.DbGroups = []string{"staff"} }, "IAM:bob:staff", ""},
		"3600 seconds":       {func(i *in) { i.DurationSeconds = awssdk.Int32(3600) }, "IAM:bob", ""},
		"899 seconds":        {func(i *in) { i.DurationSeconds = awssdk.Int32(899) }, "", "InvalidParameterValue"},
		"3601 seconds":       {func(i *in) { i.DurationSeconds = awssdk.Int32(3601) }, "", "InvalidParameterValue"},
		"colon in the user":  {func(i *in) { i.DbUser = awssdk.String("bob:x") }, "", "InvalidParameterValue"},
		"slash in the user":  {func(i *in) { i.DbUser = awssdk.String("bob/x") }, "", "InvalidParameterValue"},
		"digit first":        {func(i *in) { i.DbUser = awssdk.String("1bob") }, "", "InvalidParameterValue"},
		"PUBLIC":             {func(i *in) { i.DbUser = awssdk.String("PUBLIC") }, "", "InvalidParameterValue"},
		"reserved word":      {func(i *in) { i.DbUser = awssdk.String("select") }, "", "InvalidParameterValue"},
		"65 characters":      {func(i *in) { i.DbUser = awssdk.String("b" + strings.Repeat("x", 64)) }, "", "InvalidParameterValue"},
		"upper-case group":   {func(i *in) { i.DbGroups = []string{"Staff"} }, "", "InvalidParameterValue"},
		"no such cluster":    {func(i *in) { i.ClusterIdentifier = awssdk.String("One") }, "", "ClusterNotFound"},
		"custom domain":      {func(i *in) { i.CustomDomainName = awssdk.String("x.example.com") }, "", "NotImplemented"},
	} {
		out, err := get(w.admin, tt.change)
		t.Run(name, func(t *testing.T) {
			wantCode(t, err, tt.want)
			if err == nil && *out.DbUser != tt.user {
				t.Errorf("user %q, want %q", *out.DbUser, tt.user)
			}
		})
	}

	// Rights: the database user, the database, making the user and each group are asked for one by one.
	const dbuser, dbname, dbgroup = "arn:aws:redshift:eu-west-1:111111111111:dbuser:one/bob", "arn:aws:redshift:eu-west-1:111111111111:dbname:one/dev", "arn:aws:redshift:eu-west-1:111111111111:dbgroup:one/staff"
	full := func(i *in) {
		i.AutoCreate, i.DbGroups, i.DbName = awssdk.Bool(true), []string{"staff"}, awssdk.String("dev")
	}
	rights := []string{
		allow("redshift:GetClusterCredentials", dbuser), allow("redshift:GetClusterCredentials", dbname),
		allow("redshift:CreateClusterUser", dbuser), allow("redshift:JoinGroup", dbgroup),
	}
	if _, err := get(w.user("all", rights...), full); err != nil {
		t.Error(err)
	}
	for i, missing := range rights {
		rest := append(append([]string{}, rights[:i]...), rights[i+1:]...)
		_, err := get(w.user("without-"+string(rune('a'+i)), rest...), full)
		t.Run("without "+missing, func(t *testing.T) { wantCode(t, err, "AccessDenied") })
	}
	named := w.user("conditional", `{"Effect":"Allow","Action":"redshift:GetClusterCredentials","Resource":"*","Condition":{"StringEquals":{"redshift:DbUser":"bob"},"NumericLessThanEquals":{"redshift:DurationSeconds":"900"}}}`)
	_, err := get(named, nil)
	wantCode(t, err, "")
	_, err = get(named, func(i *in) { i.DbUser = awssdk.String("eve") })
	wantCode(t, err, "AccessDenied")
	_, err = get(named, func(i *in) { i.DurationSeconds = awssdk.Int32(901) })
	wantCode(t, err, "AccessDenied")

	// Each call makes another password, and each is good until its own end.
	first, err := get(w.admin, nil)
	if err != nil {
		t.Fatal(err)
	}
	time0.advance(time.Minute)
	next, err := get(w.admin, nil)
	if err != nil {
		t.Fatal(err)
	}
	if *first.DbPassword == *next.DbPassword {
		t.Error("the same password twice")
	}
	validAt := func(n redshiftapi.Name, user, password string) bool {
		_, ok := w.Redshift.Login(n, user, password)
		return ok
	}
	valid := func(user, password string) bool { return validAt(name, user, password) }
	if !valid("IAM:bob", *first.DbPassword) || !valid("IAM:bob", *next.DbPassword) {
		t.Error("a fresh password is refused")
	}
	for what, bad := range map[string]bool{
		"another user":      valid("IAM:eve", *first.DbPassword),
		"another form":      valid("IAMA:bob", *first.DbPassword),
		"another password":  valid("IAM:bob", *first.DbPassword+"x"),
		"no password":       valid("IAM:bob", ""),
		"another cluster":   validAt(redshiftapi.Name{Account: home, Region: region, ID: "two"}, "IAM:bob", *first.DbPassword),
		"another account":   validAt(redshiftapi.Name{Account: second, Region: region, ID: "one"}, "IAM:bob", *first.DbPassword),
		"without its scope": valid("bob", *first.DbPassword),
	} {
		if bad {
			t.Errorf("%s: taken", what)
		}
	}
	time0.advance(14 * time.Minute)
	if valid("IAM:bob", *first.DbPassword) || !valid("IAM:bob", *next.DbPassword) {
		t.Error("the first should have expired, and not the second")
	}
	time0.advance(time.Minute)
	if valid("IAM:bob", *next.DbPassword) {
		t.Error("an expired password is taken")
	}
}

//standin:imitates Redshift API: GetClusterCredentialsWithIAM | API model redshift
func TestGetClusterCredentialsWithIAM(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *aws.Options) { o.Fleet = &fleet{} })
	ctx := t.Context()
	if _, err := w.admin.redshift.CreateCluster(ctx, newCluster("one")); err != nil {
		t.Fatal(err)
	}
	const database = "arn:aws:redshift:eu-west-1:111111111111:dbname:one/dev"
	role := w.role(w.admin, "analyst", trustHome, allow("redshift:GetClusterCredentialsWithIAM", database))
	analyst := w.assume(w.admin, &sdksts.AssumeRoleInput{RoleArn: &role, RoleSessionName: awssdk.String("session")})
	bob := w.user("bob", allow("redshift:GetClusterCredentialsWithIAM", database))
	get := func(c client, db string) (*sdkredshift.GetClusterCredentialsWithIAMOutput, error) {
		return c.redshift.GetClusterCredentialsWithIAM(ctx, &sdkredshift.GetClusterCredentialsWithIAMInput{ClusterIdentifier: awssdk.String("one"), DbName: &db})
	}
	for user, c := range map[string]client{"IAM:bob": bob, "IAMR:analyst": analyst} {
		out, err := get(c, "dev")
		if err != nil {
			t.Fatal(err)
		}
		if creates, ok := w.Redshift.Login(redshiftapi.Name{Account: home, Region: region, ID: "one"}, user, *out.DbPassword); *out.DbUser != user || !ok || !creates {
			t.Errorf("user %s, want %s", *out.DbUser, user)
		}
		_, err = get(c, "other")
		wantCode(t, err, "AccessDenied")
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	inDir := func(o *aws.Options) { o.Dir = dir }
	w := newWorld(t, inDir)
	c := redshiftapi.Cluster{
		Name: redshiftapi.Name{Account: home, Region: region, ID: "source"}, NodeType: "ra3.xlplus", Nodes: 2, Database: "dev", MasterUser: "awsuser",
		Host: "127.0.0.1", Port: 5439,
	}
	if err := w.Redshift.Register(c); err != nil {
		t.Fatal(err)
	}
	role := w.role(w.admin, "loader", trustRedshift)
	if _, err := w.admin.redshift.ModifyClusterIamRoles(t.Context(), &sdkredshift.ModifyClusterIamRolesInput{ClusterIdentifier: awssdk.String("source"), AddIamRoles: []string{role}}); err != nil {
		t.Fatal(err)
	}
	again := newWorld(t, inDir)
	if got := again.Redshift.Clusters(); len(got) != 1 || got[0].ID != "source" || len(got[0].Roles) != 1 {
		t.Errorf("kept %+v", got)
	}
	c.Port = 6000
	if err := again.Redshift.Register(c); err != nil {
		t.Fatal(err)
	}
	out, err := again.admin.redshift.DescribeClusters(t.Context(), nil)
	if err != nil || len(out.Clusters) != 1 || *out.Clusters[0].Endpoint.Port != 6000 || len(out.Clusters[0].IamRoles) != 1 {
		t.Errorf("registered again: %+v, %v", out, err)
	}
}

// TestAssumeForService: a warehouse may use a role that trusts it, under the condition of an external id, and no other.
//
//standin:imitates STS: roles that trust Redshift, by general and regional name | MG authorizing-redshift-service
func TestAssumeForService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const perUser = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"redshift.amazonaws.com"},"Action":"sts:AssumeRole",
		"Condition":{"StringEquals":{"sts:ExternalId":"arn:aws:redshift:eu-west-1:111111111111:dbuser:source/bob"}}}]}`
	open := w.role(w.admin, "open", trustRedshift)
	regional := w.role(w.admin, "regional", strings.Replace(trustRedshift, "redshift.amazonaws", "redshift.eu-west-1.amazonaws", 1))
	elsewhere := w.role(w.admin, "elsewhere", strings.Replace(trustRedshift, "redshift.amazonaws", "redshift.us-east-1.amazonaws", 1))
	personal := w.role(w.admin, "personal", perUser)
	closed := w.role(w.admin, "closed", trustHome)
	chained := w.role(w.admin, "chained", strings.Replace(trustHome, `"111111111111"`, `"`+open+`"`, 1))
	for name, tt := range map[string]struct {
		role, user string
		want       bool
	}{
		"trusted":         {open, "bob", true},
		"trusted here":    {regional, "bob", true},
		"trusted there":   {elsewhere, "bob", false},
		"for bob":         {personal, "bob", true},
		"for bob, by eve": {personal, "eve", false},
		"not trusted":     {closed, "bob", false},
		"no such role":    {closed + "x", "bob", false},
	} {
		ctx := map[string][]string{"sts:externalid": {"arn:aws:redshift:eu-west-1:111111111111:dbuser:source/" + tt.user}}
		id, err := w.IAM.AssumeForService("redshift.amazonaws.com", tt.role, "RedshiftIamRoleSession", ctx)
		if (err == nil) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (id.RoleARN != tt.role || !id.Secure || id.SourceIP != "") {
			t.Errorf("%s: %+v", name, id)
		}
	}
	id, err := w.IAM.AssumeForService("redshift.amazonaws.com", open, "RedshiftIamRoleSession", nil)
	if err != nil {
		t.Fatal(err)
	}
	next, err := w.IAM.AssumeAs(id, iam.AssumeInput{RoleARN: chained, SessionName: "RedshiftIamRoleSession"})
	if err != nil || !next.Secure || next.RoleARN != chained {
		t.Errorf("chained: %+v, %v", next, err)
	}
	if _, err := w.IAM.AssumeAs(id, iam.AssumeInput{RoleARN: closed, SessionName: "RedshiftIamRoleSession"}); err == nil {
		t.Error("chained to a role that the first may not assume")
	}
}
