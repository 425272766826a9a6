package permission

// Apart is what a command needs that works without a job, or before there is one: an administrator's, or who writes a job.
type Apart struct {
	Command string
	Actions []string
	On      string // what they are about
	Why     string
}

// Aparts are all of them. No policy of setup has them.
func Aparts() []Apart {
	return []Apart{
		{"key create", []string{"kms:DescribeKey"}, "the alias", "sees whether the alias is there already"},
		{"key create", []string{"kms:CreateKey", "kms:CreateAlias", "kms:EnableKeyRotation"}, "the key and its alias", "makes the key, names it, and has it rotated each year"},
		{"key create", []string{"kms:ScheduleKeyDeletion"}, "the key", "does away with a key that could not be named"},
		{"secret encrypt", []string{"kms:Encrypt"}, "the key", "encrypts a value for a job"},
		{"setup aws --diff", []string{"iam:GetRole", "iam:GetRolePolicy", "iam:GetInstanceProfile"}, "the roles", "reads trust, policy and instance profile"},
		{"setup aws --diff", []string{"iam:GetPolicy", "iam:GetPolicyVersion"}, "the policy of the loader", "where the loader is a user"},
		{"setup aws --diff", []string{"kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus"}, "the stage's key", "reads its policy, and whether it is rotated"},
		{"setup aws --diff", []string{
			"s3:ListBucket", "s3:GetBucketPolicy", "s3:GetEncryptionConfiguration", "s3:GetBucketOwnershipControls", "s3:GetBucketPublicAccessBlock",
			"s3:GetLifecycleConfiguration",
		}, "the stage's bucket", "reads its settings"},
		{"unload-copy", []string{"s3:GetObject"}, "the configuration, where that is in S3", "reads it; all else is what its job needs: `unload-copy --print-job`, then `setup aws`"},
		{"unload-copy", []string{"kms:Decrypt"}, "its key", "where that is one of KMS"},
	}
}
