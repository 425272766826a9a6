# What all accounts of plain.yaml need, written by sealift setup aws: each permission with what it is for.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  region              = "us-east-1"
  allowed_account_ids = ["111111111111"]
}

# Where data is staged.
resource "aws_s3_bucket" "stage" {
  bucket = "corp-sealift"

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
      kms_master_key_id = "arn:aws:kms:us-east-1:111111111111:key/1c5e2f60-8a1b-4c3d-9e4f-5a6b7c8d9e0f"
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
      values   = ["arn:aws:kms:us-east-1:111111111111:key/1c5e2f60-8a1b-4c3d-9e4f-5a6b7c8d9e0f"]
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
      values   = ["arn:aws:iam::111111111111:role/sealift-loader", "arn:aws:iam::111111111111:role/redshift"]
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
      prefix = ""
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

data "aws_iam_policy_document" "sealift_sealift_loader" {
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
    resources = ["arn:aws:s3:::corp-sealift/*"]
  }

  # StageKey: reads UNLOAD's manifest, and writes manifests, parts and the lease, under the key and through S3
  # alone; an upload in parts needs both. Needed by copy, load, unload, resume. Promise: nothing staged in clear.
  statement {
    sid       = "StageKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = ["arn:aws:kms:us-east-1:111111111111:key/1c5e2f60-8a1b-4c3d-9e4f-5a6b7c8d9e0f"]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.us-east-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/*"]
    }
  }

  # StageKeyState: finds the key behind its alias, and that it is enabled, before an UNLOAD begins. Needed by
  # check, plan, copy, load, unload, resume, verify, clean. Promise: nothing staged in clear.
  statement {
    sid       = "StageKeyState"
    actions   = ["kms:DescribeKey"]
    resources = ["arn:aws:kms:us-east-1:111111111111:key/1c5e2f60-8a1b-4c3d-9e4f-5a6b7c8d9e0f"]
  }
}

data "aws_iam_policy_document" "sealift_sealift_loader_trust" {
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

# arn:aws:iam::111111111111:role/sealift-loader: runs Sealift; and looks the source up and logs in to it; and
# looks the target up and logs in to it.
resource "aws_iam_role" "sealift_sealift_loader" {
  name                 = "sealift-loader"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_sealift_loader_trust.json
}

resource "aws_iam_role_policy" "sealift_sealift_loader" {
  name   = "sealift"
  role   = aws_iam_role.sealift_sealift_loader.id
  policy = data.aws_iam_policy_document.sealift_sealift_loader.json
}

# Instances have roles by profiles. Give them IMDSv2 alone: metadata_options { http_tokens = "required" }.
resource "aws_iam_instance_profile" "sealift_sealift_loader" {
  name = "sealift-loader"
  role = aws_iam_role.sealift_sealift_loader.name
}

data "aws_iam_policy_document" "sealift_redshift" {
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
    resources = ["arn:aws:s3:::corp-sealift/*"]
  }

  # UnloadRead: the manual asks for GET, LIST and PUT. Needed by copy, unload, resume. Promise: nothing staged in
  # clear. Asked for by DG copy-usage_notes-access-permissions.
  statement {
    sid       = "UnloadRead"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::corp-sealift/*"]
  }

  # UnloadKey: under the key, through S3 alone; an object that is uploaded in parts needs both. Needed by copy,
  # unload, resume. Promise: nothing staged in clear.
  statement {
    sid       = "UnloadKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = ["arn:aws:kms:us-east-1:111111111111:key/1c5e2f60-8a1b-4c3d-9e4f-5a6b7c8d9e0f"]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.us-east-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/*"]
    }
  }

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
    resources = ["arn:aws:s3:::corp-sealift/*"]
  }

  # CopyKey: under the key, through S3 alone; it can read and never write. Needed by copy, load, resume. Promise:
  # nothing staged in clear.
  statement {
    sid       = "CopyKey"
    actions   = ["kms:Decrypt"]
    resources = ["arn:aws:kms:us-east-1:111111111111:key/1c5e2f60-8a1b-4c3d-9e4f-5a6b7c8d9e0f"]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.us-east-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/*"]
    }
  }
}

data "aws_iam_policy_document" "sealift_redshift_trust" {
  # Source: the source runs statements as this role, where it is attached. Needed by copy, unload, resume.
  # Promise: least privilege. Wide because what a workgroup, or a cluster known by its address alone, sends for an
  # external id is in no manual; who may use the role in the database is limited by GRANT ASSUMEROLE.
  statement {
    sid     = "Source"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["redshift.amazonaws.com"]
    }
  }

  # Target: the target runs statements as this role, where it is attached. Needed by copy, load, resume. Promise:
  # least privilege. Wide because what a workgroup, or a cluster known by its address alone, sends for an external
  # id is in no manual; who may use the role in the database is limited by GRANT ASSUMEROLE.
  statement {
    sid     = "Target"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["redshift.amazonaws.com"]
    }
  }
}

# arn:aws:iam::111111111111:role/redshift: is what UNLOAD writes as; and is what COPY reads as. Attach it to the
# source afterwards: aws redshift modify-cluster-iam-roles --cluster-identifier CLUSTER --add-iam-roles
# arn:aws:iam::111111111111:role/redshift Attach it to the target afterwards: aws redshift
# modify-cluster-iam-roles --cluster-identifier CLUSTER --add-iam-roles arn:aws:iam::111111111111:role/redshift
resource "aws_iam_role" "sealift_redshift" {
  name                 = "redshift"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_redshift_trust.json
}

resource "aws_iam_role_policy" "sealift_redshift" {
  name   = "sealift"
  role   = aws_iam_role.sealift_redshift.id
  policy = data.aws_iam_policy_document.sealift_redshift.json
}
