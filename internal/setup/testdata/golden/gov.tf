# What all accounts of gov.yaml need, written by sealift setup aws: each permission with what it is for.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  region              = "us-gov-west-1"
  allowed_account_ids = ["222222222222"]
}

data "aws_iam_policy_document" "stage_key" {
  # Administration: administrators of the account, by their own policies, can do everything with the key but use
  # it, and lend its use to nobody. Wide because in a key's own policy, * is that key.
  statement {
    sid       = "Administration"
    actions   = ["kms:CancelKeyDeletion", "kms:CreateAlias", "kms:Delete*", "kms:Describe*", "kms:Disable*", "kms:Enable*", "kms:Get*", "kms:List*", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:Update*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws-us-gov:iam::222222222222:root"]
    }
  }

  # LoadsStageKey: reads UNLOAD's manifest, and writes manifests, parts and the lease, under the key and through
  # S3 alone; an upload in parts needs both. Needed by check, copy, load, unload, sync, resume, clean, reseal.
  # Promise: nothing staged in clear. Wide because in a key's own policy, * is that key.
  statement {
    sid       = "LoadsStageKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws-us-gov:iam::222222222222:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws-us-gov:iam::222222222222:user/ci/loads"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.us-gov-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-us-gov:s3:::corp-sealift-gov", "arn:aws-us-gov:s3:::corp-sealift-gov/loads/*"]
    }
  }

  # LoadsFilesKey: objects that somebody encrypted under a KMS key are read. Needed by load, sync, resume.
  # Promise: exit 0 means verified. Wide because in a key's own policy, * is that key.
  statement {
    sid       = "LoadsFilesKey"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws-us-gov:iam::222222222222:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws-us-gov:iam::222222222222:user/ci/loads"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.us-gov-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-us-gov:s3:::partner-drop", "arn:aws-us-gov:s3:::partner-drop/in/2026-*"]
    }
  }

  # RedshiftCopyFilesKey: objects that somebody encrypted under a KMS key are read. Needed by load, sync, resume.
  # Promise: exit 0 means verified. Wide because in a key's own policy, * is that key.
  statement {
    sid       = "RedshiftCopyFilesKey"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws-us-gov:iam::222222222222:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws-us-gov:iam::222222222222:role/redshift-copy"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.us-gov-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-us-gov:s3:::partner-drop", "arn:aws-us-gov:s3:::partner-drop/in/2026-*"]
    }
  }

  # RedshiftCopyCopyKey: under the key, through S3 alone; it can read and never write. Needed by check, copy,
  # load, sync, resume, reseal. Promise: nothing staged in clear. Wide because in a key's own policy, * is that
  # key.
  statement {
    sid       = "RedshiftCopyCopyKey"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws-us-gov:iam::222222222222:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws-us-gov:iam::222222222222:role/redshift-copy"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.us-gov-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-us-gov:s3:::corp-sealift-gov", "arn:aws-us-gov:s3:::corp-sealift-gov/loads/*"]
    }
  }
}

# The key that everything staged is encrypted under.
resource "aws_kms_key" "stage" {
  description         = "what sealift stages"
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.stage_key.json

  lifecycle {
    prevent_destroy = true
  }
}

# The name that the job calls it by.
resource "aws_kms_alias" "stage" {
  name          = "alias/sealift"
  target_key_id = aws_kms_key.stage.key_id
}

# Where data is staged.
resource "aws_s3_bucket" "stage" {
  bucket = "corp-sealift-gov"

  lifecycle {
    prevent_destroy = true
  }
}

# Nobody outside is let in, whatever a policy says.
resource "aws_s3_bucket_public_access_block" "stage" {
  bucket                  = aws_s3_bucket.stage.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# What others write is the owner's.
resource "aws_s3_bucket_ownership_controls" "stage" {
  bucket = aws_s3_bucket.stage.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# One key for the bucket, so that KMS is asked for a bucket's key and not for each object's.
resource "aws_s3_bucket_server_side_encryption_configuration" "stage" {
  bucket = aws_s3_bucket.stage.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.stage.arn
    }
  }
}

data "aws_iam_policy_document" "stage_bucket" {
  # EncryptedOnly: what is not SSE-KMS is refused, also where the request says nothing. Promise: nothing staged in
  # clear.
  statement {
    sid       = "EncryptedOnly"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws-us-gov:s3:::corp-sealift-gov/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption"
      values   = ["aws:kms"]
    }
  }

  # ThisKeyOnly: what is under another key is refused. Promise: nothing staged in clear.
  statement {
    sid       = "ThisKeyOnly"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws-us-gov:s3:::corp-sealift-gov/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = [aws_kms_key.stage.arn]
    }
  }

  # SecureTransportOnly: nothing is said in clear. Promise: nothing staged in clear.
  statement {
    sid       = "SecureTransportOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["arn:aws-us-gov:s3:::corp-sealift-gov", "arn:aws-us-gov:s3:::corp-sealift-gov/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # RecentTLSOnly: nothing older than TLS 1.2 is spoken. Promise: nothing staged in clear.
  statement {
    sid       = "RecentTLSOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["arn:aws-us-gov:s3:::corp-sealift-gov", "arn:aws-us-gov:s3:::corp-sealift-gov/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "NumericLessThan"
      variable = "s3:TlsVersion"
      values   = ["1.2"]
    }
  }

  # NamedOnly: nobody else reads or writes objects, whatever policies of the account say; administrators can still
  # remove them, and change this policy. Promise: nothing staged in clear.
  statement {
    sid       = "NamedOnly"
    effect    = "Deny"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    resources = ["arn:aws-us-gov:s3:::corp-sealift-gov/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws-us-gov:iam::222222222222:user/ci/loads", "arn:aws-us-gov:iam::222222222222:role/redshift-copy"]
    }
  }
}

resource "aws_s3_bucket_policy" "stage" {
  bucket = aws_s3_bucket.stage.id
  policy = data.aws_iam_policy_document.stage_bucket.json
}

resource "aws_s3_bucket_lifecycle_configuration" "stage" {
  bucket = aws_s3_bucket.stage.id

  # sealift-parts: unfinished uploads and versions that were replaced or deleted are of use to nobody.
  rule {
    id     = "sealift-parts"
    status = "Enabled"

    filter {
      prefix = "loads/"
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  # sealift-leftovers: what a run that was lost has left, if nobody runs sealift clean.
  rule {
    id     = "sealift-leftovers"
    status = "Enabled"

    filter {
      prefix = "loads/20"
    }

    expiration {
      days = 7
    }
  }
}

# Whoever has a token of this issuer, for this audience, can be somebody here.
resource "aws_iam_openid_connect_provider" "sealift_token_actions_githubusercontent_com" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "sealift_loads" {
  # StageList: sees whether the bucket is there and its owner's, what UNLOAD left beside its manifest, and
  # afterwards that no object, version or upload is left. Needed by check, plan, copy, load, unload, sync, resume,
  # clean, reseal. Promise: nothing left.
  statement {
    sid       = "StageList"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]
    resources = ["arn:aws-us-gov:s3:::corp-sealift-gov"]
  }

  # StageObjects: checks every staged object, writes the manifest that COPY reads, parts of files and the lease on
  # the target, and removes all of it. Needed by check, copy, load, unload, sync, resume, clean, reseal. Promise:
  # nothing staged in clear.
  statement {
    sid       = "StageObjects"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"]
    resources = ["arn:aws-us-gov:s3:::corp-sealift-gov/loads/*"]
  }

  # StageKey: reads UNLOAD's manifest, and writes manifests, parts and the lease, under the key and through S3
  # alone; an upload in parts needs both. Needed by check, copy, load, unload, sync, resume, clean, reseal.
  # Promise: nothing staged in clear.
  statement {
    sid       = "StageKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = [aws_kms_key.stage.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.us-gov-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-us-gov:s3:::corp-sealift-gov", "arn:aws-us-gov:s3:::corp-sealift-gov/loads/*"]
    }
  }

  # StageKeyState: finds the key behind its alias, and that it is enabled, before an UNLOAD begins. Needed by
  # check, plan, copy, load, unload, sync, resume, clean, reseal. Promise: nothing staged in clear.
  statement {
    sid       = "StageKeyState"
    actions   = ["kms:DescribeKey"]
    resources = [aws_kms_key.stage.arn]
  }

  # FilesList: finds the objects that a job's files name. Needed by load, sync, resume. Promise: whole or
  # untouched.
  statement {
    sid       = "FilesList"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws-us-gov:s3:::partner-drop"]
  }

  # Files: streams or copies the files. Needed by load, sync, resume. Promise: exit 0 means verified.
  statement {
    sid       = "Files"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws-us-gov:s3:::partner-drop/in/2026-*"]
  }

  # FilesKey: objects that somebody encrypted under a KMS key are read. Needed by load, sync, resume. Promise:
  # exit 0 means verified. Wide because which key that is, only the object tells; through S3, and for these
  # objects alone.
  statement {
    sid       = "FilesKey"
    actions   = ["kms:Decrypt"]
    resources = ["arn:aws-us-gov:kms:us-gov-west-1:*:key/*"]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.us-gov-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-us-gov:s3:::partner-drop", "arn:aws-us-gov:s3:::partner-drop/in/2026-*"]
    }
  }
}

# arn:aws-us-gov:iam::222222222222:user/ci/loads: runs Sealift.
resource "aws_iam_policy" "sealift_loads" {
  name   = "sealift-loads"
  policy = data.aws_iam_policy_document.sealift_loads.json
}

resource "aws_iam_user_policy_attachment" "sealift_loads" {
  user       = "loads"
  policy_arn = aws_iam_policy.sealift_loads.arn
}

data "aws_iam_policy_document" "sealift_redshift_copy" {
  # FilesList: finds the objects that a job's files name. Needed by load, sync, resume. Promise: whole or
  # untouched. Asked for by DG copy-usage_notes-access-permissions.
  statement {
    sid       = "FilesList"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws-us-gov:s3:::partner-drop"]
  }

  # Files: reads Parquet, and text that UNLOAD wrote, where it is. Needed by load, sync, resume. Promise: exit 0
  # means verified.
  statement {
    sid       = "Files"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws-us-gov:s3:::partner-drop/in/2026-*"]
  }

  # FilesKey: objects that somebody encrypted under a KMS key are read. Needed by load, sync, resume. Promise:
  # exit 0 means verified. Wide because which key that is, only the object tells; through S3, and for these
  # objects alone.
  statement {
    sid       = "FilesKey"
    actions   = ["kms:Decrypt"]
    resources = ["arn:aws-us-gov:kms:us-gov-west-1:*:key/*"]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.us-gov-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-us-gov:s3:::partner-drop", "arn:aws-us-gov:s3:::partner-drop/in/2026-*"]
    }
  }

  # CopyList: COPY looks for what its manifest names. Needed by check, copy, load, sync, resume, reseal. Promise:
  # exit 0 means verified. Asked for by DG copy-usage_notes-access-permissions.
  statement {
    sid       = "CopyList"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws-us-gov:s3:::corp-sealift-gov"]
  }

  # Copy: COPY reads the manifest and the data. Needed by check, copy, load, sync, resume, reseal. Promise: exit 0
  # means verified.
  statement {
    sid       = "Copy"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws-us-gov:s3:::corp-sealift-gov/loads/*"]
  }

  # CopyKey: under the key, through S3 alone; it can read and never write. Needed by check, copy, load, sync,
  # resume, reseal. Promise: nothing staged in clear.
  statement {
    sid       = "CopyKey"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.stage.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.us-gov-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-us-gov:s3:::corp-sealift-gov", "arn:aws-us-gov:s3:::corp-sealift-gov/loads/*"]
    }
  }
}

data "aws_iam_policy_document" "sealift_redshift_copy_trust" {
  # Target: the target runs statements of this database user as this role, and no other's. Needed by check, copy,
  # load, sync, resume, reseal. Promise: least privilege.
  statement {
    sid     = "Target"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["redshift.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["arn:aws-us-gov:redshift:us-gov-west-1:222222222222:dbuser:dev/loader"]
    }
  }
}

# arn:aws-us-gov:iam::222222222222:role/redshift-copy: is what COPY reads as. Attach it to the target
# afterwards: aws redshift modify-cluster-iam-roles --region us-gov-west-1 --cluster-identifier dev
# --add-iam-roles arn:aws-us-gov:iam::222222222222:role/redshift-copy
resource "aws_iam_role" "sealift_redshift_copy" {
  name                 = "redshift-copy"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_redshift_copy_trust.json
}

resource "aws_iam_role_policy" "sealift_redshift_copy" {
  name   = "sealift"
  role   = aws_iam_role.sealift_redshift_copy.id
  policy = data.aws_iam_policy_document.sealift_redshift_copy.json
}

data "aws_iam_policy_document" "sealift_sealift_web" {
  # TakeTarget: comes into the account of the target. Needed by check, plan, copy, load, sync, resume, verify,
  # clean, reseal. Promise: least privilege.
  statement {
    sid       = "TakeTarget"
    actions   = ["sts:AssumeRole"]
    resources = ["arn:aws-us-gov:iam::222222222222:role/sealift-target"]
  }
}

data "aws_iam_policy_document" "sealift_sealift_web_trust" {
  # Tokens: whoever has a token of this issuer, for this audience and of this subject, takes the role without any
  # key. Needed by check, plan, copy, load, sync, resume, verify, clean, reseal. Promise: least privilege.
  statement {
    sid     = "Tokens"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = ["arn:aws-us-gov:iam::222222222222:oidc-provider/token.actions.githubusercontent.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:corp/etl:ref:refs/heads/main"]
    }
  }
}

# arn:aws-us-gov:iam::222222222222:role/sealift-web: is on the way to the target's account.
resource "aws_iam_role" "sealift_sealift_web" {
  name                 = "sealift-web"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_sealift_web_trust.json
}

resource "aws_iam_role_policy" "sealift_sealift_web" {
  name   = "sealift"
  role   = aws_iam_role.sealift_sealift_web.id
  policy = data.aws_iam_policy_document.sealift_sealift_web.json
}

data "aws_iam_policy_document" "sealift_sealift_target" {
  # LookUpTarget: finds the address of the target. Needed by check, plan, copy, load, sync, resume, verify, clean,
  # reseal. Promise: least privilege.
  statement {
    sid       = "LookUpTarget"
    actions   = ["redshift:DescribeClusters"]
    resources = ["arn:aws-us-gov:redshift:us-gov-west-1:222222222222:cluster:dev"]
  }

  # LogInTarget: a password for an hour at most, of this database user in this database. Needed by check, plan,
  # copy, load, sync, resume, verify, clean, reseal. Promise: no secret anywhere.
  statement {
    sid       = "LogInTarget"
    actions   = ["redshift:GetClusterCredentials"]
    resources = ["arn:aws-us-gov:redshift:us-gov-west-1:222222222222:dbuser:dev/loader", "arn:aws-us-gov:redshift:us-gov-west-1:222222222222:dbname:dev/analytics"]
  }

  # MakeUserTarget: auto_create: the user is made at its first login. Needed by check, plan, copy, load, sync,
  # resume, verify, clean, reseal. Promise: no secret anywhere.
  statement {
    sid       = "MakeUserTarget"
    actions   = ["redshift:CreateClusterUser"]
    resources = ["arn:aws-us-gov:redshift:us-gov-west-1:222222222222:dbuser:dev/loader"]
  }

  # JoinGroupsTarget: groups: the session joins them. Needed by check, plan, copy, load, sync, resume, verify,
  # clean, reseal. Promise: no secret anywhere.
  statement {
    sid       = "JoinGroupsTarget"
    actions   = ["redshift:JoinGroup"]
    resources = ["arn:aws-us-gov:redshift:us-gov-west-1:222222222222:dbgroup:dev/etl", "arn:aws-us-gov:redshift:us-gov-west-1:222222222222:dbgroup:dev/loads"]
  }

  # DoorSeeTarget: sees whose rule lets us in already, and that ours is gone. Needed by check, plan, copy, load,
  # sync, resume, verify, clean, reseal. Promise: every door opened is closed. Wide because EC2 has no resources
  # in permissions to describe.
  statement {
    sid       = "DoorSeeTarget"
    actions   = ["ec2:DescribeSecurityGroupRules"]
    resources = ["*"]
  }

  # DoorTarget: adds a rule for one address and port, and removes it again, in this group alone. Needed by check,
  # plan, copy, load, sync, resume, verify, clean, reseal. Promise: every door opened is closed.
  statement {
    sid       = "DoorTarget"
    actions   = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
    resources = ["arn:aws-us-gov:ec2:us-gov-west-1:222222222222:security-group/sg-0a1b2c3d"]
  }

  # DoorTagTarget: a rule is made with the tags that say whose it is, and until when. Needed by check, plan, copy,
  # load, sync, resume, verify, clean, reseal. Promise: every door opened is closed. Wide because a rule's id is
  # not known before it is made; only in the request that makes it.
  statement {
    sid       = "DoorTagTarget"
    actions   = ["ec2:CreateTags"]
    resources = ["arn:aws-us-gov:ec2:us-gov-west-1:222222222222:security-group-rule/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["AuthorizeSecurityGroupIngress"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/sealift"
      values   = ["door"]
    }
  }

  # DoorShareTarget: runs that share a rule each put their tag on it, and take it off. Needed by check, plan,
  # copy, load, sync, resume, verify, clean, reseal. Promise: every door opened is closed. Wide because a rule's
  # id is not known before it is made; only rules that are tagged as Sealift's.
  statement {
    sid       = "DoorShareTarget"
    actions   = ["ec2:CreateTags", "ec2:DeleteTags"]
    resources = ["arn:aws-us-gov:ec2:us-gov-west-1:222222222222:security-group-rule/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/sealift"
      values   = ["door"]
    }
  }
}

data "aws_iam_policy_document" "sealift_sealift_target_trust" {
  # Loader: taken by arn:aws-us-gov:iam::222222222222:role/sealift-web alone, and only with the external id: that
  # it cannot be taken without is tried by each run. Needed by check, plan, copy, load, sync, resume, verify,
  # clean, reseal. Promise: least privilege.
  statement {
    sid     = "Loader"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws-us-gov:iam::222222222222:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws-us-gov:iam::222222222222:role/sealift-web"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["9d2e-5f1b"]
    }
  }
}

# arn:aws-us-gov:iam::222222222222:role/sealift-target: looks the target up and logs in to it.
resource "aws_iam_role" "sealift_sealift_target" {
  name                 = "sealift-target"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_sealift_target_trust.json
}

resource "aws_iam_role_policy" "sealift_sealift_target" {
  name   = "sealift"
  role   = aws_iam_role.sealift_sealift_target.id
  policy = data.aws_iam_policy_document.sealift_sealift_target.json
}
