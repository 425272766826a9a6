# What all accounts of move.yaml need, written by sealift setup aws: each permission with what it is for.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  alias               = "in_333333333333"
  profile             = var.profile_333333333333
  region              = "eu-west-1"
  allowed_account_ids = ["333333333333"]
}

provider "aws" {
  alias               = "in_111111111111"
  profile             = var.profile_111111111111
  region              = "eu-west-1"
  allowed_account_ids = ["111111111111"]
}

provider "aws" {
  alias               = "in_222222222222"
  profile             = var.profile_222222222222
  region              = "eu-west-1"
  allowed_account_ids = ["222222222222"]
}

variable "profile_333333333333" {
  description = "profile of the AWS configuration for account 333333333333"
  type        = string
}

variable "profile_111111111111" {
  description = "profile of the AWS configuration for account 111111111111"
  type        = string
}

variable "profile_222222222222" {
  description = "profile of the AWS configuration for account 222222222222"
  type        = string
}

data "aws_iam_policy_document" "stage_key" {
  provider = aws.in_333333333333

  # Administration: administrators of the account, by their own policies, can do everything with the key but use
  # it, and lend its use to nobody. Wide because in a key's own policy, * is that key.
  statement {
    sid       = "Administration"
    actions   = ["kms:CancelKeyDeletion", "kms:CreateAlias", "kms:Delete*", "kms:Describe*", "kms:Disable*", "kms:Enable*", "kms:Get*", "kms:List*", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:Update*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::333333333333:root"]
    }
  }

  # SealiftLoaderStageKey: reads UNLOAD's manifest, and writes manifests, parts and the lease, under the key and
  # through S3 alone; an upload in parts needs both. Needed by copy, load, unload, resume. Promise: nothing staged
  # in clear. Wide because in a key's own policy, * is that key.
  statement {
    sid       = "SealiftLoaderStageKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::333333333333:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::333333333333:role/sealift-loader"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.eu-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/prod-to-dev/*"]
    }
  }

  # SealiftLoaderStageKeyState: finds the key behind its alias, and that it is enabled, before an UNLOAD begins.
  # Needed by check, plan, copy, load, unload, resume, verify, clean. Promise: nothing staged in clear. Wide
  # because in a key's own policy, * is that key.
  statement {
    sid       = "SealiftLoaderStageKeyState"
    actions   = ["kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::333333333333:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::333333333333:role/sealift-loader"]
    }
  }

  # RedshiftUnloadUnloadKey: under the key, through S3 alone; an object that is uploaded in parts needs both.
  # Needed by copy, unload, resume. Promise: nothing staged in clear. Wide because in a key's own policy, * is
  # that key.
  statement {
    sid       = "RedshiftUnloadUnloadKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111111111111:role/redshift-unload"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.eu-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/prod-to-dev/*"]
    }
  }

  # StagingReadCopyKey: under the key, through S3 alone; it can read and never write. Needed by copy, load,
  # resume. Promise: nothing staged in clear. Wide because in a key's own policy, * is that key.
  statement {
    sid       = "StagingReadCopyKey"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::333333333333:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::333333333333:role/staging-read"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.eu-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/prod-to-dev/*"]
    }
  }
}

# The key that everything staged is encrypted under.
resource "aws_kms_key" "stage" {
  provider = aws.in_333333333333

  description         = "what sealift stages"
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.stage_key.json

  lifecycle {
    prevent_destroy = true
  }
}

# The name that the job calls it by.
resource "aws_kms_alias" "stage" {
  provider = aws.in_333333333333

  name          = "alias/sealift"
  target_key_id = aws_kms_key.stage.key_id
}

# Where data is staged.
resource "aws_s3_bucket" "stage" {
  provider = aws.in_333333333333

  bucket = "corp-sealift"

  lifecycle {
    prevent_destroy = true
  }
}

# Nobody outside is let in, whatever a policy says.
resource "aws_s3_bucket_public_access_block" "stage" {
  provider = aws.in_333333333333

  bucket                  = aws_s3_bucket.stage.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# What others write is the owner's.
resource "aws_s3_bucket_ownership_controls" "stage" {
  provider = aws.in_333333333333

  bucket = aws_s3_bucket.stage.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# One key for the bucket, so that KMS is asked for a bucket's key and not for each object's.
resource "aws_s3_bucket_server_side_encryption_configuration" "stage" {
  provider = aws.in_333333333333

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
  provider = aws.in_333333333333

  # EncryptedOnly: what is not SSE-KMS is refused, also where the request says nothing. Promise: nothing staged in
  # clear.
  statement {
    sid       = "EncryptedOnly"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::corp-sealift/*"]

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
    resources = ["arn:aws:s3:::corp-sealift/*"]

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
    resources = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/*"]

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
    resources = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/*"]

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

  # RedshiftUnloadUnloadList: UNLOAD refuses a prefix below which something is. Needed by copy, unload, resume.
  # Promise: whole or untouched.
  statement {
    sid       = "RedshiftUnloadUnloadList"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws:s3:::corp-sealift"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111111111111:role/redshift-unload"]
    }
  }

  # RedshiftUnloadUnload: UNLOAD writes data and manifest. Needed by copy, unload, resume. Promise: nothing staged
  # in clear.
  statement {
    sid       = "RedshiftUnloadUnload"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::corp-sealift/prod-to-dev/*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111111111111:role/redshift-unload"]
    }
  }

  # RedshiftUnloadUnloadRead: the manual asks for GET, LIST and PUT. Needed by copy, unload, resume. Promise:
  # nothing staged in clear. Asked for by DG copy-usage_notes-access-permissions.
  statement {
    sid       = "RedshiftUnloadUnloadRead"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::corp-sealift/prod-to-dev/*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111111111111:role/redshift-unload"]
    }
  }

  # NamedOnly: nobody else reads or writes objects, whatever policies of the account say; administrators can still
  # remove them, and change this policy. Promise: nothing staged in clear.
  statement {
    sid       = "NamedOnly"
    effect    = "Deny"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    resources = ["arn:aws:s3:::corp-sealift/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::333333333333:role/sealift-loader", "arn:aws:iam::111111111111:role/redshift-unload", "arn:aws:iam::333333333333:role/staging-read"]
    }
  }
}

resource "aws_s3_bucket_policy" "stage" {
  provider = aws.in_333333333333

  bucket = aws_s3_bucket.stage.id
  policy = data.aws_iam_policy_document.stage_bucket.json
}

resource "aws_s3_bucket_lifecycle_configuration" "stage" {
  provider = aws.in_333333333333

  bucket = aws_s3_bucket.stage.id

  # sealift-parts: unfinished uploads and versions that were replaced or deleted are of use to nobody.
  rule {
    id     = "sealift-parts"
    status = "Enabled"

    filter {
      prefix = "prod-to-dev/"
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
      prefix = "prod-to-dev/20"
    }

    expiration {
      days = 7
    }
  }
}

data "aws_iam_policy_document" "sealift_sealift_loader" {
  provider = aws.in_333333333333

  # StageList: sees whether the bucket is there and its owner's, what UNLOAD left beside its manifest, and
  # afterwards that no object, version or upload is left. Needed by check, plan, copy, load, unload, resume,
  # verify, clean. Promise: nothing left.
  statement {
    sid       = "StageList"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]
    resources = ["arn:aws:s3:::corp-sealift"]
  }

  # StageObjects: checks every staged object, writes the manifest that COPY reads, parts of files and the lease on
  # the target, and removes all of it. Needed by copy, load, unload, resume, clean. Promise: nothing staged in
  # clear.
  statement {
    sid       = "StageObjects"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"]
    resources = ["arn:aws:s3:::corp-sealift/prod-to-dev/*"]
  }

  # StageKey: reads UNLOAD's manifest, and writes manifests, parts and the lease, under the key and through S3
  # alone; an upload in parts needs both. Needed by copy, load, unload, resume. Promise: nothing staged in clear.
  statement {
    sid       = "StageKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = [aws_kms_key.stage.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.eu-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/prod-to-dev/*"]
    }
  }

  # StageKeyState: finds the key behind its alias, and that it is enabled, before an UNLOAD begins. Needed by
  # check, plan, copy, load, unload, resume, verify, clean. Promise: nothing staged in clear.
  statement {
    sid       = "StageKeyState"
    actions   = ["kms:DescribeKey"]
    resources = [aws_kms_key.stage.arn]
  }

  # TakeSource: comes into the account of the source. Needed by check, plan, copy, load, unload, resume, verify,
  # clean. Promise: least privilege.
  statement {
    sid       = "TakeSource"
    actions   = ["sts:AssumeRole"]
    resources = ["arn:aws:iam::111111111111:role/sealift-source"]
  }

  # TakeTarget: comes into the account of the target. Needed by check, plan, copy, load, unload, resume, verify,
  # clean. Promise: least privilege.
  statement {
    sid       = "TakeTarget"
    actions   = ["sts:AssumeRole"]
    resources = ["arn:aws:iam::222222222222:role/sealift-target"]
  }
}

data "aws_iam_policy_document" "sealift_sealift_loader_trust" {
  provider = aws.in_333333333333

  # Instances: an EC2 instance runs Sealift as this role; its credentials are temporary, and never in a file.
  statement {
    sid     = "Instances"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

# arn:aws:iam::333333333333:role/sealift-loader: runs Sealift.
resource "aws_iam_role" "sealift_sealift_loader" {
  provider = aws.in_333333333333

  name                 = "sealift-loader"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_sealift_loader_trust.json
}

resource "aws_iam_role_policy" "sealift_sealift_loader" {
  provider = aws.in_333333333333

  name   = "sealift"
  role   = aws_iam_role.sealift_sealift_loader.id
  policy = data.aws_iam_policy_document.sealift_sealift_loader.json
}

# Instances have roles by profiles. Give them IMDSv2 alone: metadata_options { http_tokens = "required" }.
resource "aws_iam_instance_profile" "sealift_sealift_loader" {
  provider = aws.in_333333333333

  name = "sealift-loader"
  role = aws_iam_role.sealift_sealift_loader.name
}

data "aws_iam_policy_document" "sealift_sealift_source" {
  provider = aws.in_111111111111

  # LookUpSource: finds the address of the source. Needed by check, plan, copy, load, unload, resume, verify,
  # clean. Promise: least privilege.
  statement {
    sid       = "LookUpSource"
    actions   = ["redshift:DescribeClusters"]
    resources = ["arn:aws:redshift:eu-west-1:111111111111:cluster:prod-dw"]
  }

  # LogInSource: a password for an hour at most, of this database user in this database. Needed by check, plan,
  # copy, load, unload, resume, verify, clean. Promise: no secret anywhere.
  statement {
    sid       = "LogInSource"
    actions   = ["redshift:GetClusterCredentials"]
    resources = ["arn:aws:redshift:eu-west-1:111111111111:dbuser:prod-dw/etl_reader", "arn:aws:redshift:eu-west-1:111111111111:dbname:prod-dw/analytics"]
  }

  # DoorSeeSource: sees whose rule lets us in already, and that ours is gone. Needed by check, plan, copy, load,
  # unload, resume, verify, clean. Promise: every door opened is closed. Wide because EC2 has no resources in
  # permissions to describe.
  statement {
    sid       = "DoorSeeSource"
    actions   = ["ec2:DescribeSecurityGroupRules"]
    resources = ["*"]
  }

  # DoorSource: adds a rule for one address and port, and removes it again, in this group alone. Needed by check,
  # plan, copy, load, unload, resume, verify, clean. Promise: every door opened is closed.
  statement {
    sid       = "DoorSource"
    actions   = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
    resources = ["arn:aws:ec2:eu-west-1:111111111111:security-group/sg-0a1b2c3d"]
  }

  # DoorTagSource: a rule is made with the tags that say whose it is, and until when. Needed by check, plan, copy,
  # load, unload, resume, verify, clean. Promise: every door opened is closed. Wide because a rule's id is not
  # known before it is made; only in the request that makes it.
  statement {
    sid       = "DoorTagSource"
    actions   = ["ec2:CreateTags"]
    resources = ["arn:aws:ec2:eu-west-1:111111111111:security-group-rule/*"]

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

  # DoorShareSource: runs that share a rule each put their tag on it, and take it off. Needed by check, plan,
  # copy, load, unload, resume, verify, clean. Promise: every door opened is closed. Wide because a rule's id is
  # not known before it is made; only rules that are tagged as Sealift's.
  statement {
    sid       = "DoorShareSource"
    actions   = ["ec2:CreateTags", "ec2:DeleteTags"]
    resources = ["arn:aws:ec2:eu-west-1:111111111111:security-group-rule/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/sealift"
      values   = ["door"]
    }
  }

  # DoorScheduleSource: a one-time schedule, made before the rule, closes the door if this machine is lost. Needed
  # by check, plan, copy, load, unload, resume, verify, clean. Promise: every door opened is closed.
  statement {
    sid       = "DoorScheduleSource"
    actions   = ["scheduler:CreateSchedule", "scheduler:GetSchedule", "scheduler:UpdateSchedule", "scheduler:DeleteSchedule"]
    resources = ["arn:aws:scheduler:eu-west-1:111111111111:schedule/default/sealift-door-*"]
  }

  # DoorPassSource: the schedule acts as this role. Needed by check, plan, copy, load, unload, resume, verify,
  # clean. Promise: every door opened is closed.
  statement {
    sid       = "DoorPassSource"
    actions   = ["iam:PassRole"]
    resources = ["arn:aws:iam::111111111111:role/sealift-door"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["scheduler.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "sealift_sealift_source_trust" {
  provider = aws.in_111111111111

  # Loader: taken by arn:aws:iam::333333333333:role/sealift-loader alone, and only with the external id: that it
  # cannot be taken without is tried by each run. Needed by check, plan, copy, load, unload, resume, verify,
  # clean. Promise: least privilege.
  statement {
    sid     = "Loader"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::333333333333:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::333333333333:role/sealift-loader"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["7c1f-4e0a"]
    }
  }
}

# arn:aws:iam::111111111111:role/sealift-source: looks the source up and logs in to it.
resource "aws_iam_role" "sealift_sealift_source" {
  provider = aws.in_111111111111

  name                 = "sealift-source"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_sealift_source_trust.json
}

resource "aws_iam_role_policy" "sealift_sealift_source" {
  provider = aws.in_111111111111

  name   = "sealift"
  role   = aws_iam_role.sealift_sealift_source.id
  policy = data.aws_iam_policy_document.sealift_sealift_source.json
}

data "aws_iam_policy_document" "sealift_sealift_door" {
  provider = aws.in_111111111111

  # CloseDoorSource: removes the rule of a machine that was lost. Needed by check, plan, copy, load, unload,
  # resume, verify, clean. Promise: every door opened is closed.
  statement {
    sid       = "CloseDoorSource"
    actions   = ["ec2:RevokeSecurityGroupIngress"]
    resources = ["arn:aws:ec2:eu-west-1:111111111111:security-group/sg-0a1b2c3d"]
  }
}

data "aws_iam_policy_document" "sealift_sealift_door_trust" {
  provider = aws.in_111111111111

  # Scheduler: EventBridge Scheduler closes doors as this role, for schedules of this account. Needed by check,
  # plan, copy, load, unload, resume, verify, clean. Promise: every door opened is closed.
  statement {
    sid     = "Scheduler"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = ["111111111111"]
    }
  }
}

# arn:aws:iam::111111111111:role/sealift-door: closes the source's door if nobody else does.
resource "aws_iam_role" "sealift_sealift_door" {
  provider = aws.in_111111111111

  name                 = "sealift-door"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_sealift_door_trust.json
}

resource "aws_iam_role_policy" "sealift_sealift_door" {
  provider = aws.in_111111111111

  name   = "sealift"
  role   = aws_iam_role.sealift_sealift_door.id
  policy = data.aws_iam_policy_document.sealift_sealift_door.json
}

data "aws_iam_policy_document" "sealift_redshift_unload" {
  provider = aws.in_111111111111

  # UnloadList: UNLOAD refuses a prefix below which something is. Needed by copy, unload, resume. Promise: whole
  # or untouched.
  statement {
    sid       = "UnloadList"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws:s3:::corp-sealift"]
  }

  # Unload: UNLOAD writes data and manifest. Needed by copy, unload, resume. Promise: nothing staged in clear.
  statement {
    sid       = "Unload"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::corp-sealift/prod-to-dev/*"]
  }

  # UnloadRead: the manual asks for GET, LIST and PUT. Needed by copy, unload, resume. Promise: nothing staged in
  # clear. Asked for by DG copy-usage_notes-access-permissions.
  statement {
    sid       = "UnloadRead"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::corp-sealift/prod-to-dev/*"]
  }

  # UnloadKey: under the key, through S3 alone; an object that is uploaded in parts needs both. Needed by copy,
  # unload, resume. Promise: nothing staged in clear.
  statement {
    sid       = "UnloadKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = [aws_kms_key.stage.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.eu-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/prod-to-dev/*"]
    }
  }
}

data "aws_iam_policy_document" "sealift_redshift_unload_trust" {
  provider = aws.in_111111111111

  # Source: the source runs statements of this database user as this role, and no other's. Needed by copy, unload,
  # resume. Promise: least privilege.
  statement {
    sid     = "Source"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["redshift.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["arn:aws:redshift:eu-west-1:111111111111:dbuser:prod-dw/etl_reader"]
    }
  }
}

# arn:aws:iam::111111111111:role/redshift-unload: is what UNLOAD writes as. Attach it to the source afterwards:
# aws redshift modify-cluster-iam-roles --region eu-west-1 --cluster-identifier prod-dw --add-iam-roles
# arn:aws:iam::111111111111:role/redshift-unload
resource "aws_iam_role" "sealift_redshift_unload" {
  provider = aws.in_111111111111

  name                 = "redshift-unload"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_redshift_unload_trust.json
}

resource "aws_iam_role_policy" "sealift_redshift_unload" {
  provider = aws.in_111111111111

  name   = "sealift"
  role   = aws_iam_role.sealift_redshift_unload.id
  policy = data.aws_iam_policy_document.sealift_redshift_unload.json
}

data "aws_iam_policy_document" "sealift_sealift_target" {
  provider = aws.in_222222222222

  # LookUpTarget: finds the address of the target. Needed by check, plan, copy, load, unload, resume, verify,
  # clean. Promise: least privilege.
  statement {
    sid       = "LookUpTarget"
    actions   = ["redshift:DescribeClusters"]
    resources = ["arn:aws:redshift:eu-west-1:222222222222:cluster:dev"]
  }

  # LogInTarget: a password for an hour at most, of this database user in this database. Needed by check, plan,
  # copy, load, unload, resume, verify, clean. Promise: no secret anywhere.
  statement {
    sid       = "LogInTarget"
    actions   = ["redshift:GetClusterCredentials"]
    resources = ["arn:aws:redshift:eu-west-1:222222222222:dbuser:dev/etl_writer", "arn:aws:redshift:eu-west-1:222222222222:dbname:dev/analytics"]
  }
}

data "aws_iam_policy_document" "sealift_sealift_target_trust" {
  provider = aws.in_222222222222

  # Loader: taken by arn:aws:iam::333333333333:role/sealift-loader alone, and only with the external id: that it
  # cannot be taken without is tried by each run. Needed by check, plan, copy, load, unload, resume, verify,
  # clean. Promise: least privilege.
  statement {
    sid     = "Loader"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::333333333333:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::333333333333:role/sealift-loader"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["9d2e-5f1b"]
    }
  }
}

# arn:aws:iam::222222222222:role/sealift-target: looks the target up and logs in to it.
resource "aws_iam_role" "sealift_sealift_target" {
  provider = aws.in_222222222222

  name                 = "sealift-target"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_sealift_target_trust.json
}

resource "aws_iam_role_policy" "sealift_sealift_target" {
  provider = aws.in_222222222222

  name   = "sealift"
  role   = aws_iam_role.sealift_sealift_target.id
  policy = data.aws_iam_policy_document.sealift_sealift_target.json
}

data "aws_iam_policy_document" "sealift_redshift_copy" {
  provider = aws.in_222222222222

  # NextTarget: the chain that the statement names goes on there. Needed by copy, load, resume. Promise: least
  # privilege.
  statement {
    sid       = "NextTarget"
    actions   = ["sts:AssumeRole"]
    resources = ["arn:aws:iam::333333333333:role/staging-read"]
  }
}

data "aws_iam_policy_document" "sealift_redshift_copy_trust" {
  provider = aws.in_222222222222

  # Target: the target runs statements of this database user as this role, and no other's. Needed by copy, load,
  # resume. Promise: least privilege.
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
      values   = ["arn:aws:redshift:eu-west-1:222222222222:dbuser:dev/etl_writer"]
    }
  }
}

# arn:aws:iam::222222222222:role/redshift-copy: is attached to the target, and takes the role that COPY reads
# as. Attach it to the target afterwards: aws redshift modify-cluster-iam-roles --region eu-west-1
# --cluster-identifier dev --add-iam-roles arn:aws:iam::222222222222:role/redshift-copy
resource "aws_iam_role" "sealift_redshift_copy" {
  provider = aws.in_222222222222

  name                 = "redshift-copy"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_redshift_copy_trust.json
}

resource "aws_iam_role_policy" "sealift_redshift_copy" {
  provider = aws.in_222222222222

  name   = "sealift"
  role   = aws_iam_role.sealift_redshift_copy.id
  policy = data.aws_iam_policy_document.sealift_redshift_copy.json
}

data "aws_iam_policy_document" "sealift_staging_read" {
  provider = aws.in_333333333333

  # CopyList: COPY looks for what its manifest names. Needed by copy, load, resume. Promise: exit 0 means
  # verified. Asked for by DG copy-usage_notes-access-permissions.
  statement {
    sid       = "CopyList"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws:s3:::corp-sealift"]
  }

  # Copy: COPY reads the manifest and the data. Needed by copy, load, resume. Promise: exit 0 means verified.
  statement {
    sid       = "Copy"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::corp-sealift/prod-to-dev/*"]
  }

  # CopyKey: under the key, through S3 alone; it can read and never write. Needed by copy, load, resume. Promise:
  # nothing staged in clear.
  statement {
    sid       = "CopyKey"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.stage.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.eu-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/prod-to-dev/*"]
    }
  }
}

data "aws_iam_policy_document" "sealift_staging_read_trust" {
  provider = aws.in_333333333333

  # Chain: taken by arn:aws:iam::222222222222:role/redshift-copy alone, for this user of the target. Needed by
  # copy, load, resume. Promise: least privilege.
  statement {
    sid     = "Chain"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::222222222222:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::222222222222:role/redshift-copy"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["arn:aws:redshift:eu-west-1:222222222222:dbuser:dev/etl_writer"]
    }
  }
}

# arn:aws:iam::333333333333:role/staging-read: is what COPY reads as.
resource "aws_iam_role" "sealift_staging_read" {
  provider = aws.in_333333333333

  name                 = "staging-read"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_staging_read_trust.json
}

resource "aws_iam_role_policy" "sealift_staging_read" {
  provider = aws.in_333333333333

  name   = "sealift"
  role   = aws_iam_role.sealift_staging_read.id
  policy = data.aws_iam_policy_document.sealift_staging_read.json
}
