// Package secrets is the stand-in's AWS Secrets Manager: secrets with versions and stages, under a KMS key of the caller's
// choice, which whoever reads them must be allowed to use. Rotation is what a test does with PutSecretValue; resource
// policies, replicas and generated passwords are refused by name.
package secrets

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/awsjson"
	"github.com/sealift/sealift/internal/local/aws/durable"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/kms"
)

// TargetPrefix is what the operations' names in X-Amz-Target start with.
const TargetPrefix = "secretsmanager."

// Options make a Service.
type Options struct {
	Dir string // where the secrets are kept
	IAM *iam.Service
	KMS kms.Keys
	Now func() time.Time // default: time.Now
}

// Service holds the secrets of all accounts and regions. It is safe for concurrent use.
type Service struct {
	iam *iam.Service
	kms kms.Keys
	now func() time.Time

	mu    sync.Mutex // guards the rest
	file  *durable.File[state]
	state state
}

const stateVersion = 1

type state struct {
	Version int
	Secrets map[string]*secret // by ARN
}

type secret struct {
	ARN, Name, Account, Region string
	Description                string
	KeyARN                     string // "" for AWS's own
	Tags                       map[string]string
	Created, Changed           time.Time
	DeleteAt                   time.Time
	Versions                   map[string]*version
}

// version is one value. Sealed is under a data key of KMS, where the secret has a key of the caller's.
type version struct {
	ID      string
	Created time.Time
	Stages  []string
	Wrapped []byte
	Sealed  []byte
	Binary  bool
}

const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
)

// New opens the secrets kept in Options.Dir.
func New(opts Options) (*Service, error) {
	s := &Service{iam: opts.IAM, kms: opts.KMS, now: opts.Now}
	if s.now == nil {
		s.now = time.Now
	}
	s.state = state{stateVersion, map[string]*secret{}}
	var err error
	if s.file, _, err = durable.Open(filepath.Join(opts.Dir, "secrets.json"), &s.state, &s.state.Version); err != nil {
		return nil, fmt.Errorf("open secretsmanager: %w", err)
	}
	return s, nil
}

var operations = awsjson.API[*Service]{Name: "secretsmanager", Operations: map[string]awsjson.Operation[*Service]{
	"CreateSecret":   awsjson.On((*Service).create),
	"PutSecretValue": awsjson.On((*Service).put),
	"GetSecretValue": awsjson.On((*Service).get),
	"DescribeSecret": awsjson.On((*Service).describe),
	"ListSecrets":    awsjson.On((*Service).list),
	"DeleteSecret":   awsjson.On((*Service).remove),
	"RestoreSecret":  awsjson.On((*Service).restore),
}}

// Call carries out an operation of the API: op is what follows TargetPrefix in X-Amz-Target.
func (s *Service) Call(ctx context.Context, id *iam.Identity, op string, body []byte) ([]byte, error) {
	return operations.Call(ctx, s, id, op, body)
}

func bad(code, format string, args ...any) error {
	return awserr.New(http.StatusBadRequest, code, format, args...)
}

var errNotFound = bad("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")

func (s *Service) allow(id *iam.Identity, action, resource string) error {
	err := s.iam.Authorize(id, iam.Access{Action: "secretsmanager:" + action, Resource: resource, ResourceAccount: id.Account})
	return awserr.Denied(err, http.StatusBadRequest)
}

func via(region string) string { return "secretsmanager." + region + ".amazonaws.com" }

func arn(id *iam.Identity, name string) string {
	return "arn:aws:secretsmanager:" + id.Region + ":" + id.Account + ":secret:" + name
}

// find gives the secret that a name, an ARN, or an ARN without its last letters means to a caller, and asks for action on
// it. The service is locked.
func (s *Service) find(id *iam.Identity, action, name string) (*secret, error) {
	var found *secret
	resource := name
	if !strings.HasPrefix(name, "arn:") {
		resource = arn(id, name) + "-??????"
	}
	for _, one := range s.state.Secrets {
		if !one.DeleteAt.IsZero() && !s.now().Before(one.DeleteAt) {
			continue
		}
		mine := one.Account == id.Account && one.Region == id.Region
		if one.ARN == name || mine && (one.Name == name || one.ARN[:len(one.ARN)-7] == name) {
			found, resource = one, one.ARN
		}
	}
	if found != nil && found.Account != id.Account {
		found = nil // resource policies, which could let another account in, are not imitated
	}
	if err := s.allow(id, action, resource); err != nil {
		return nil, err
	}
	if found == nil {
		return nil, errNotFound
	}
	return found, nil
}

// alive refuses a secret that is marked for deletion.
func alive(one *secret, what string) error {
	if one.DeleteAt.IsZero() {
		return nil
	}
	return bad("InvalidRequestException", "You can't %s because it was marked for deletion.", what)
}

type tag struct{ Key, Value string }

var secretName = regexp.MustCompile(`^[\w/+=.@-]{1,512}$`)

type createIn struct {
	Name               string
	ClientRequestToken string
	Description        string
	KmsKeyId           string //nolint:revive // the model's name
	SecretString       *string
	SecretBinary       []byte
	Tags               []tag
}

type written struct {
	ARN           string
	Name          string
	VersionID     string   `json:"VersionId,omitempty"`
	VersionStages []string `json:",omitempty"`
}

func (s *Service) create(ctx context.Context, id *iam.Identity, in createIn) (any, error) {
	if !secretName.MatchString(in.Name) {
		return nil, bad("ValidationException", "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	suffix := make([]byte, 3)
	rand.Read(suffix)
	one := &secret{
		ARN: arn(id, in.Name) + "-" + hex.EncodeToString(suffix), Name: in.Name, Account: id.Account, Region: id.Region, Description: in.Description,
		Tags: map[string]string{}, Created: s.now(), Changed: s.now(), Versions: map[string]*version{},
	}
	for _, t := range in.Tags {
		one.Tags[t.Key] = t.Value
	}
	if err := s.allow(id, "CreateSecret", one.ARN); err != nil {
		return nil, err
	}
	for _, other := range s.state.Secrets {
		if other.Account == id.Account && other.Region == id.Region && other.Name == in.Name && (other.DeleteAt.IsZero() || s.now().Before(other.DeleteAt)) {
			if !other.DeleteAt.IsZero() {
				return nil, bad("InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion.")
			}
			return nil, bad("ResourceExistsException", "The operation failed because the secret %s already exists.", in.Name)
		}
	}
	if in.KmsKeyId != "" {
		var err error
		if one.KeyARN, err = s.kms.Resolve(id.Account, id.Region, in.KmsKeyId); err != nil {
			return nil, err
		}
	}
	out := written{ARN: one.ARN, Name: one.Name}
	if in.SecretString != nil || in.SecretBinary != nil {
		v, err := s.seal(ctx, id, one, in.ClientRequestToken, in.SecretString, in.SecretBinary)
		if err != nil {
			return nil, err
		}
		v.Stages = []string{current}
		out.VersionID, out.VersionStages = v.ID, v.Stages
	}
	s.state.Secrets[one.ARN] = one
	return out, s.file.Save(&s.state)
}

// seal adds a version to a secret, under a data key of its KMS key.
func (s *Service) seal(ctx context.Context, id *iam.Identity, one *secret, token string, text *string, binary []byte) (*version, error) {
	if text != nil && binary != nil {
		return nil, bad("InvalidParameterException", "You can't specify both a binary secret value and a string secret value in the same secret.")
	}
	v := &version{ID: token, Created: s.now(), Sealed: binary, Binary: text == nil}
	if text != nil {
		v.Sealed = []byte(*text)
	}
	if v.ID == "" {
		raw := make([]byte, 16)
		rand.Read(raw)
		v.ID = fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:])
	}
	if one.Versions[v.ID] != nil {
		return nil, bad("ResourceExistsException", "The version %s is there already.", v.ID)
	}
	if one.KeyARN != "" {
		key, err := s.kms.GenerateDataKey(ctx, id, one.KeyARN, map[string]string{"SecretARN": one.ARN, "SecretVersionId": v.ID}, via(one.Region))
		if err != nil {
			return nil, err
		}
		sealed, err := crypt(key.Plaintext, v.Sealed, true)
		if err != nil {
			return nil, err
		}
		v.Wrapped, v.Sealed = key.Ciphertext, sealed
	}
	one.Versions[v.ID] = v
	return v, nil
}

// crypt seals or opens under a data key that is used once.
func crypt(key, text []byte, seal bool) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	if seal {
		return aead.Seal(nil, nonce, text, nil), nil //nolint:gosec // the key is used for this text only
	}
	return aead.Open(nil, nonce, text, nil)
}

type putIn struct {
	SecretId           string //nolint:revive // the model's name
	ClientRequestToken string
	SecretString       *string
	SecretBinary       []byte
}

// put makes a new version the current one, as rotation does at its end.
func (s *Service) put(ctx context.Context, id *iam.Identity, in putIn) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, err := s.find(id, "PutSecretValue", in.SecretId)
	if err != nil {
		return nil, err
	}
	if err := alive(one, "perform this operation on the secret"); err != nil {
		return nil, err
	}
	v, err := s.seal(ctx, id, one, in.ClientRequestToken, in.SecretString, in.SecretBinary)
	if err != nil {
		return nil, err
	}
	for _, old := range one.Versions {
		old.Stages = slices.DeleteFunc(old.Stages, func(stage string) bool { return stage == previous })
		if i := slices.Index(old.Stages, current); i >= 0 {
			old.Stages[i] = previous
		}
	}
	v.Stages, one.Changed = []string{current}, s.now()
	return written{one.ARN, one.Name, v.ID, v.Stages}, s.file.Save(&s.state)
}

type getIn struct {
	SecretId     string //nolint:revive // the model's name
	VersionId    string //nolint:revive // the model's name
	VersionStage string
}

type value struct {
	ARN           string
	Name          string
	VersionID     string  `json:"VersionId"`
	SecretString  *string `json:",omitempty"`
	SecretBinary  []byte  `json:",omitempty"`
	VersionStages []string
	CreatedDate   float64
}

func (s *Service) get(ctx context.Context, id *iam.Identity, in getIn) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, err := s.find(id, "GetSecretValue", in.SecretId)
	if err != nil {
		return nil, err
	}
	if err := alive(one, "perform this operation on the secret"); err != nil {
		return nil, err
	}
	stage := in.VersionStage
	if stage == "" && in.VersionId == "" {
		stage = current
	}
	for _, v := range one.Versions {
		if in.VersionId != "" && v.ID != in.VersionId || stage != "" && !slices.Contains(v.Stages, stage) {
			continue
		}
		text := v.Sealed
		if one.KeyARN != "" {
			key, _, err := s.kms.Decrypt(ctx, id, v.Wrapped, map[string]string{"SecretARN": one.ARN, "SecretVersionId": v.ID}, via(one.Region))
			if err != nil {
				return nil, bad("AccessDeniedException", "Access to KMS is not allowed: %s", awserr.Of(err).Message)
			}
			if text, err = crypt(key, v.Sealed, false); err != nil {
				return nil, bad("DecryptionFailure", "Secrets Manager can't decrypt the protected secret text.")
			}
		}
		out := value{ARN: one.ARN, Name: one.Name, VersionID: v.ID, VersionStages: v.Stages, CreatedDate: epoch(v.Created)}
		if v.Binary {
			out.SecretBinary = text
		} else {
			out.SecretString = new(string(text))
		}
		return out, nil
	}
	return nil, bad("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: %s", stage)
}

// Text reads the current text of a secret, as GetSecretValue would for the caller.
func (s *Service) Text(ctx context.Context, id *iam.Identity, name string) (string, error) {
	out, err := s.get(ctx, id, getIn{SecretId: name})
	if err != nil {
		return "", err
	}
	if text := out.(value).SecretString; text != nil {
		return *text, nil
	}
	return "", bad("InvalidRequestException", "The secret %s is not text.", name)
}

func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

type nameIn struct {
	SecretId string //nolint:revive // the model's name
}

type described struct {
	ARN                string
	Name               string
	Description        string              `json:",omitempty"`
	KmsKeyID           string              `json:"KmsKeyId,omitempty"`
	CreatedDate        float64             `json:",omitempty"`
	LastChangedDate    float64             `json:",omitempty"`
	DeletedDate        float64             `json:",omitempty"`
	Tags               []tag               `json:",omitempty"`
	VersionIDsToStages map[string][]string `json:"VersionIdsToStages,omitempty"`
}

func (s *secret) describe() described {
	d := described{
		ARN: s.ARN, Name: s.Name, Description: s.Description, KmsKeyID: s.KeyARN, CreatedDate: epoch(s.Created), LastChangedDate: epoch(s.Changed),
		VersionIDsToStages: map[string][]string{},
	}
	if !s.DeleteAt.IsZero() {
		d.DeletedDate = epoch(s.DeleteAt)
	}
	for _, k := range slices.Sorted(maps.Keys(s.Tags)) {
		d.Tags = append(d.Tags, tag{k, s.Tags[k]})
	}
	for _, v := range s.Versions {
		if len(v.Stages) > 0 {
			d.VersionIDsToStages[v.ID] = v.Stages
		}
	}
	return d
}

func (s *Service) describe(_ context.Context, id *iam.Identity, in nameIn) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, err := s.find(id, "DescribeSecret", in.SecretId)
	if err != nil {
		return nil, err
	}
	return one.describe(), nil
}

func (s *Service) list(_ context.Context, id *iam.Identity, _ struct{ MaxResults int }) (any, error) {
	if err := s.allow(id, "ListSecrets", "*"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := struct{ SecretList []described }{SecretList: []described{}}
	for _, name := range slices.Sorted(maps.Keys(s.state.Secrets)) {
		if one := s.state.Secrets[name]; one.Account == id.Account && one.Region == id.Region && one.DeleteAt.IsZero() {
			out.SecretList = append(out.SecretList, one.describe())
		}
	}
	return out, nil
}

type removeIn struct {
	SecretId                   string //nolint:revive // the model's name
	RecoveryWindowInDays       *int
	ForceDeleteWithoutRecovery bool
}

type removed struct {
	ARN          string
	Name         string
	DeletionDate float64
}

// The days for which a secret can be restored: API model secretsmanager, DeleteSecret.
const (
	leastDays = 7
	mostDays  = 30
)

func (s *Service) remove(_ context.Context, id *iam.Identity, in removeIn) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, err := s.find(id, "DeleteSecret", in.SecretId)
	if err != nil {
		return nil, err
	}
	days := mostDays
	if in.RecoveryWindowInDays != nil {
		days = *in.RecoveryWindowInDays
		if in.ForceDeleteWithoutRecovery {
			return nil, bad("InvalidParameterException", "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
		}
		if days < leastDays || days > mostDays {
			return nil, bad("InvalidParameterException", "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
		}
	}
	if in.ForceDeleteWithoutRecovery {
		days = 0
	}
	one.DeleteAt = s.now().AddDate(0, 0, days)
	out := removed{one.ARN, one.Name, epoch(one.DeleteAt)}
	if days == 0 {
		delete(s.state.Secrets, one.ARN)
	}
	return out, s.file.Save(&s.state)
}

func (s *Service) restore(_ context.Context, id *iam.Identity, in nameIn) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, err := s.find(id, "RestoreSecret", in.SecretId)
	if err != nil {
		return nil, err
	}
	one.DeleteAt = time.Time{}
	return written{ARN: one.ARN, Name: one.Name}, s.file.Save(&s.state)
}
