#!/usr/bin/env bash
# What all accounts of move.yaml need, written by sealift setup aws: each permission with what it is for. Run it
# with the credentials of an administrator of the account: 333333333333, 111111111111, 222222222222. What is
# there already is brought to what stands here: the trust and the policy named sealift of each role, and the
# settings of the key and the bucket. sealift setup aws --diff tells beforehand what would change.
set -euo pipefail

# once makes something, and takes it for done where it is there already.
once() {
  local out
  out=$("$@" 2>&1) || case $out in
    *EntityAlreadyExists* | *BucketAlreadyOwnedByYou* | *AlreadyExistsException*) ;;
    *)
      printf '%s\n' "$out" >&2
      return 1
      ;;
  esac
}

# with_key puts the ARN of the stage's key where a document names it.
with_key() { printf '%s' "${1//'${StageKeyArn}'/$StageKeyArn}"; }

# role NAME PATH SECONDS TRUST POLICY makes a role, or brings the one that is there to what stands here.
role() {
  once aws iam create-role --role-name "$1" --path "$2" --max-session-duration "$3" --assume-role-policy-document "$4"
  aws iam update-assume-role-policy --role-name "$1" --policy-document "$4"
  aws iam put-role-policy --role-name "$1" --policy-name sealift --policy-document "$(with_key "$5")"
}

# in_account ID tells whether the credentials are of an account.
account=$(aws sts get-caller-identity --query Account --output text)
in_account() { [ "$account" = "$1" ]; }
case $account in
  333333333333 | 111111111111 | 222222222222) ;;
  *)
    echo "nothing of this is in account $account" >&2
    exit 1
    ;;
esac

# The key that everything staged is encrypted under. Its ARN is known once it is made; in other accounts than
# its own, it is to be said: export StageKeyArn=arn:...
StageKeyArn=${StageKeyArn:-}
if [ -z "$StageKeyArn" ] && in_account 333333333333; then
  StageKeyArn=$(aws kms describe-key --region eu-west-1 --key-id alias/sealift --query KeyMetadata.Arn --output text 2>&1) || case $StageKeyArn in
    *NotFoundException*) StageKeyArn= ;;
    *)
      printf '%s\n' "$StageKeyArn" >&2
      exit 1
      ;;
  esac
fi

if in_account 333333333333; then
# Administration: administrators of the account, by their own policies, can do everything with the key but use
# it, and lend its use to nobody. Wide because in a key's own policy, * is that key.
# SealiftLoaderStageKey: reads UNLOAD's manifest, and writes manifests, parts and the lease, under the key and
# through S3 alone; an upload in parts needs both. Needed by copy, load, unload, resume. Promise: nothing staged
# in clear. Wide because in a key's own policy, * is that key.
# SealiftLoaderStageKeyState: finds the key behind its alias, and that it is enabled, before an UNLOAD begins.
# Needed by check, plan, copy, load, unload, resume, verify, clean. Promise: nothing staged in clear. Wide
# because in a key's own policy, * is that key.
# RedshiftUnloadUnloadKey: under the key, through S3 alone; an object that is uploaded in parts needs both.
# Needed by copy, unload, resume. Promise: nothing staged in clear. Wide because in a key's own policy, * is
# that key.
# StagingReadCopyKey: under the key, through S3 alone; it can read and never write. Needed by copy, load,
# resume. Promise: nothing staged in clear. Wide because in a key's own policy, * is that key.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Administration",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::333333333333:root"
      },
      "Action": [
        "kms:CancelKeyDeletion",
        "kms:CreateAlias",
        "kms:Delete*",
        "kms:Describe*",
        "kms:Disable*",
        "kms:Enable*",
        "kms:Get*",
        "kms:List*",
        "kms:PutKeyPolicy",
        "kms:RevokeGrant",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:Update*"
      ],
      "Resource": "*"
    },
    {
      "Sid": "SealiftLoaderStageKey",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::333333333333:root"
      },
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::333333333333:role/sealift-loader"
        },
        "StringEquals": {
          "kms:ViaService": "s3.eu-west-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/prod-to-dev/*"
          ]
        }
      }
    },
    {
      "Sid": "SealiftLoaderStageKeyState",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::333333333333:root"
      },
      "Action": "kms:DescribeKey",
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::333333333333:role/sealift-loader"
        }
      }
    },
    {
      "Sid": "RedshiftUnloadUnloadKey",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::111111111111:root"
      },
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::111111111111:role/redshift-unload"
        },
        "StringEquals": {
          "kms:ViaService": "s3.eu-west-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/prod-to-dev/*"
          ]
        }
      }
    },
    {
      "Sid": "StagingReadCopyKey",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::333333333333:root"
      },
      "Action": "kms:Decrypt",
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::333333333333:role/staging-read"
        },
        "StringEquals": {
          "kms:ViaService": "s3.eu-west-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/prod-to-dev/*"
          ]
        }
      }
    }
  ]
}
JSON
  if [ -z "$StageKeyArn" ]; then
    StageKeyArn=$(aws kms create-key --region eu-west-1 --description 'what sealift stages' --policy "$policy" --query KeyMetadata.Arn --output text)
    aws kms create-alias --region eu-west-1 --alias-name alias/sealift --target-key-id "${StageKeyArn##*/}"
    aws kms enable-key-rotation --region eu-west-1 --key-id "$StageKeyArn"
  else
    aws kms put-key-policy --region eu-west-1 --key-id "$StageKeyArn" --policy-name default --policy "$policy"
  fi
  echo "export StageKeyArn=$StageKeyArn"
fi
: "${StageKeyArn:?make the stage first, in account 333333333333, and say its key here: export StageKeyArn=arn:...}"

if in_account 333333333333; then
  once aws s3api create-bucket --region eu-west-1 --bucket corp-sealift --create-bucket-configuration LocationConstraint=eu-west-1
# Nobody outside is let in, whatever a policy says; what others write is the owner's.
  aws s3api put-public-access-block --region eu-west-1 --bucket corp-sealift --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
  aws s3api put-bucket-ownership-controls --region eu-west-1 --bucket corp-sealift --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'
# One key for the bucket, so that KMS is asked for a bucket's key and not for each object's.
  aws s3api put-bucket-encryption --region eu-west-1 --bucket corp-sealift --server-side-encryption-configuration "{\"Rules\":[{\"ApplyServerSideEncryptionByDefault\":{\"SSEAlgorithm\":\"aws:kms\",\"KMSMasterKeyID\":\"$StageKeyArn\"},\"BucketKeyEnabled\":true}]}"
# EncryptedOnly: what is not SSE-KMS is refused, also where the request says nothing. Promise: nothing staged in
# clear.
# ThisKeyOnly: what is under another key is refused. Promise: nothing staged in clear.
# SecureTransportOnly: nothing is said in clear. Promise: nothing staged in clear.
# RecentTLSOnly: nothing older than TLS 1.2 is spoken. Promise: nothing staged in clear.
# RedshiftUnloadUnloadList: UNLOAD refuses a prefix below which something is. Needed by copy, unload, resume.
# Promise: whole or untouched.
# RedshiftUnloadUnload: UNLOAD writes data and manifest. Needed by copy, unload, resume. Promise: nothing staged
# in clear.
# RedshiftUnloadUnloadRead: the manual asks for GET, LIST and PUT. Needed by copy, unload, resume. Promise:
# nothing staged in clear. Asked for by DG copy-usage_notes-access-permissions.
# NamedOnly: nobody else reads or writes objects, whatever policies of the account say; administrators can still
# remove them, and change this policy. Promise: nothing staged in clear.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "EncryptedOnly",
      "Effect": "Deny",
      "Principal": "*",
      "Action": "s3:PutObject",
      "Resource": "arn:aws:s3:::corp-sealift/*",
      "Condition": {
        "StringNotEquals": {
          "s3:x-amz-server-side-encryption": "aws:kms"
        }
      }
    },
    {
      "Sid": "ThisKeyOnly",
      "Effect": "Deny",
      "Principal": "*",
      "Action": "s3:PutObject",
      "Resource": "arn:aws:s3:::corp-sealift/*",
      "Condition": {
        "StringNotEquals": {
          "s3:x-amz-server-side-encryption-aws-kms-key-id": "${StageKeyArn}"
        }
      }
    },
    {
      "Sid": "SecureTransportOnly",
      "Effect": "Deny",
      "Principal": "*",
      "Action": "s3:*",
      "Resource": [
        "arn:aws:s3:::corp-sealift",
        "arn:aws:s3:::corp-sealift/*"
      ],
      "Condition": {
        "Bool": {
          "aws:SecureTransport": "false"
        }
      }
    },
    {
      "Sid": "RecentTLSOnly",
      "Effect": "Deny",
      "Principal": "*",
      "Action": "s3:*",
      "Resource": [
        "arn:aws:s3:::corp-sealift",
        "arn:aws:s3:::corp-sealift/*"
      ],
      "Condition": {
        "NumericLessThan": {
          "s3:TlsVersion": "1.2"
        }
      }
    },
    {
      "Sid": "RedshiftUnloadUnloadList",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::111111111111:root"
      },
      "Action": "s3:ListBucket",
      "Resource": "arn:aws:s3:::corp-sealift",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::111111111111:role/redshift-unload"
        }
      }
    },
    {
      "Sid": "RedshiftUnloadUnload",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::111111111111:root"
      },
      "Action": "s3:PutObject",
      "Resource": "arn:aws:s3:::corp-sealift/prod-to-dev/*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::111111111111:role/redshift-unload"
        }
      }
    },
    {
      "Sid": "RedshiftUnloadUnloadRead",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::111111111111:root"
      },
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::corp-sealift/prod-to-dev/*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::111111111111:role/redshift-unload"
        }
      }
    },
    {
      "Sid": "NamedOnly",
      "Effect": "Deny",
      "Principal": "*",
      "Action": [
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:PutObject"
      ],
      "Resource": "arn:aws:s3:::corp-sealift/*",
      "Condition": {
        "ArnNotEquals": {
          "aws:PrincipalArn": [
            "arn:aws:iam::333333333333:role/sealift-loader",
            "arn:aws:iam::111111111111:role/redshift-unload",
            "arn:aws:iam::333333333333:role/staging-read"
          ]
        }
      }
    }
  ]
}
JSON
  aws s3api put-bucket-policy --region eu-west-1 --bucket corp-sealift --policy "$(with_key "$policy")"
# sealift-parts: unfinished uploads and versions that were replaced or deleted are of use to nobody.
# sealift-leftovers: what a run that was lost has left, if nobody runs sealift clean.
read -r -d '' lifecycle <<'JSON' || true
{
  "Rules": [
    {
      "ID": "sealift-parts",
      "Status": "Enabled",
      "Filter": {
        "Prefix": "prod-to-dev/"
      },
      "NoncurrentVersionExpiration": {
        "NoncurrentDays": 1
      },
      "AbortIncompleteMultipartUpload": {
        "DaysAfterInitiation": 1
      }
    },
    {
      "ID": "sealift-leftovers",
      "Status": "Enabled",
      "Filter": {
        "Prefix": "prod-to-dev/20"
      },
      "Expiration": {
        "Days": 7
      }
    }
  ]
}
JSON
  aws s3api put-bucket-lifecycle-configuration --region eu-west-1 --bucket corp-sealift --lifecycle-configuration "$lifecycle"
fi

if in_account 333333333333; then
# arn:aws:iam::333333333333:role/sealift-loader: runs Sealift.
# Instances: an EC2 instance runs Sealift as this role; its credentials are temporary, and never in a file.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Instances",
      "Effect": "Allow",
      "Principal": {
        "Service": "ec2.amazonaws.com"
      },
      "Action": "sts:AssumeRole"
    }
  ]
}
JSON
# StageList: sees whether the bucket is there and its owner's, what UNLOAD left beside its manifest, and
# afterwards that no object, version or upload is left. Needed by check, plan, copy, load, unload, resume,
# verify, clean. Promise: nothing left.
# StageObjects: checks every staged object, writes the manifest that COPY reads, parts of files and the lease on
# the target, and removes all of it. Needed by copy, load, unload, resume, clean. Promise: nothing staged in
# clear.
# StageKey: reads UNLOAD's manifest, and writes manifests, parts and the lease, under the key and through S3
# alone; an upload in parts needs both. Needed by copy, load, unload, resume. Promise: nothing staged in clear.
# StageKeyState: finds the key behind its alias, and that it is enabled, before an UNLOAD begins. Needed by
# check, plan, copy, load, unload, resume, verify, clean. Promise: nothing staged in clear.
# TakeSource: comes into the account of the source. Needed by check, plan, copy, load, unload, resume, verify,
# clean. Promise: least privilege.
# TakeTarget: comes into the account of the target. Needed by check, plan, copy, load, unload, resume, verify,
# clean. Promise: least privilege.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "StageList",
      "Effect": "Allow",
      "Action": [
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:ListBucketMultipartUploads"
      ],
      "Resource": "arn:aws:s3:::corp-sealift"
    },
    {
      "Sid": "StageObjects",
      "Effect": "Allow",
      "Action": [
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:AbortMultipartUpload"
      ],
      "Resource": "arn:aws:s3:::corp-sealift/prod-to-dev/*"
    },
    {
      "Sid": "StageKey",
      "Effect": "Allow",
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "${StageKeyArn}",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": "s3.eu-west-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/prod-to-dev/*"
          ]
        }
      }
    },
    {
      "Sid": "StageKeyState",
      "Effect": "Allow",
      "Action": "kms:DescribeKey",
      "Resource": "${StageKeyArn}"
    },
    {
      "Sid": "TakeSource",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": "arn:aws:iam::111111111111:role/sealift-source"
    },
    {
      "Sid": "TakeTarget",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": "arn:aws:iam::222222222222:role/sealift-target"
    }
  ]
}
JSON
  role sealift-loader / 3600 "$trust" "$policy"
# Instances have roles by profiles. Give them IMDSv2 alone: --metadata-options HttpTokens=required.
  once aws iam create-instance-profile --instance-profile-name sealift-loader
  aws iam add-role-to-instance-profile --instance-profile-name sealift-loader --role-name sealift-loader 2>/dev/null ||
    [ "$(aws iam get-instance-profile --instance-profile-name sealift-loader --query 'InstanceProfile.Roles[0].RoleName' --output text)" = sealift-loader ]
fi

if in_account 111111111111; then
# arn:aws:iam::111111111111:role/sealift-source: looks the source up and logs in to it.
# Loader: taken by arn:aws:iam::333333333333:role/sealift-loader alone, and only with the external id: that it
# cannot be taken without is tried by each run. Needed by check, plan, copy, load, unload, resume, verify,
# clean. Promise: least privilege.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Loader",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::333333333333:root"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::333333333333:role/sealift-loader"
        },
        "StringEquals": {
          "sts:ExternalId": "7c1f-4e0a"
        }
      }
    }
  ]
}
JSON
# LookUpSource: finds the address of the source. Needed by check, plan, copy, load, unload, resume, verify,
# clean. Promise: least privilege.
# LogInSource: a password for an hour at most, of this database user in this database. Needed by check, plan,
# copy, load, unload, resume, verify, clean. Promise: no secret anywhere.
# DoorSeeSource: sees whose rule lets us in already, and that ours is gone. Needed by check, plan, copy, load,
# unload, resume, verify, clean. Promise: every door opened is closed. Wide because EC2 has no resources in
# permissions to describe.
# DoorSource: adds a rule for one address and port, and removes it again, in this group alone. Needed by check,
# plan, copy, load, unload, resume, verify, clean. Promise: every door opened is closed.
# DoorTagSource: a rule is made with the tags that say whose it is, and until when. Needed by check, plan, copy,
# load, unload, resume, verify, clean. Promise: every door opened is closed. Wide because a rule's id is not
# known before it is made; only in the request that makes it.
# DoorShareSource: runs that share a rule each put their tag on it, and take it off. Needed by check, plan,
# copy, load, unload, resume, verify, clean. Promise: every door opened is closed. Wide because a rule's id is
# not known before it is made; only rules that are tagged as Sealift's.
# DoorScheduleSource: a one-time schedule, made before the rule, closes the door if this machine is lost. Needed
# by check, plan, copy, load, unload, resume, verify, clean. Promise: every door opened is closed.
# DoorPassSource: the schedule acts as this role. Needed by check, plan, copy, load, unload, resume, verify,
# clean. Promise: every door opened is closed.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "LookUpSource",
      "Effect": "Allow",
      "Action": "redshift:DescribeClusters",
      "Resource": "arn:aws:redshift:eu-west-1:111111111111:cluster:prod-dw"
    },
    {
      "Sid": "LogInSource",
      "Effect": "Allow",
      "Action": "redshift:GetClusterCredentials",
      "Resource": [
        "arn:aws:redshift:eu-west-1:111111111111:dbuser:prod-dw/etl_reader",
        "arn:aws:redshift:eu-west-1:111111111111:dbname:prod-dw/analytics"
      ]
    },
    {
      "Sid": "DoorSeeSource",
      "Effect": "Allow",
      "Action": "ec2:DescribeSecurityGroupRules",
      "Resource": "*"
    },
    {
      "Sid": "DoorSource",
      "Effect": "Allow",
      "Action": [
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:RevokeSecurityGroupIngress"
      ],
      "Resource": "arn:aws:ec2:eu-west-1:111111111111:security-group/sg-0a1b2c3d"
    },
    {
      "Sid": "DoorTagSource",
      "Effect": "Allow",
      "Action": "ec2:CreateTags",
      "Resource": "arn:aws:ec2:eu-west-1:111111111111:security-group-rule/*",
      "Condition": {
        "StringEquals": {
          "ec2:CreateAction": "AuthorizeSecurityGroupIngress",
          "aws:RequestTag/sealift": "door"
        }
      }
    },
    {
      "Sid": "DoorShareSource",
      "Effect": "Allow",
      "Action": [
        "ec2:CreateTags",
        "ec2:DeleteTags"
      ],
      "Resource": "arn:aws:ec2:eu-west-1:111111111111:security-group-rule/*",
      "Condition": {
        "StringEquals": {
          "aws:ResourceTag/sealift": "door"
        }
      }
    },
    {
      "Sid": "DoorScheduleSource",
      "Effect": "Allow",
      "Action": [
        "scheduler:CreateSchedule",
        "scheduler:GetSchedule",
        "scheduler:UpdateSchedule",
        "scheduler:DeleteSchedule"
      ],
      "Resource": "arn:aws:scheduler:eu-west-1:111111111111:schedule/default/sealift-door-*"
    },
    {
      "Sid": "DoorPassSource",
      "Effect": "Allow",
      "Action": "iam:PassRole",
      "Resource": "arn:aws:iam::111111111111:role/sealift-door",
      "Condition": {
        "StringEquals": {
          "iam:PassedToService": "scheduler.amazonaws.com"
        }
      }
    }
  ]
}
JSON
  role sealift-source / 3600 "$trust" "$policy"
fi

if in_account 111111111111; then
# arn:aws:iam::111111111111:role/sealift-door: closes the source's door if nobody else does.
# Scheduler: EventBridge Scheduler closes doors as this role, for schedules of this account. Needed by check,
# plan, copy, load, unload, resume, verify, clean. Promise: every door opened is closed.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Scheduler",
      "Effect": "Allow",
      "Principal": {
        "Service": "scheduler.amazonaws.com"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "StringEquals": {
          "aws:SourceAccount": "111111111111"
        }
      }
    }
  ]
}
JSON
# CloseDoorSource: removes the rule of a machine that was lost. Needed by check, plan, copy, load, unload,
# resume, verify, clean. Promise: every door opened is closed.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "CloseDoorSource",
      "Effect": "Allow",
      "Action": "ec2:RevokeSecurityGroupIngress",
      "Resource": "arn:aws:ec2:eu-west-1:111111111111:security-group/sg-0a1b2c3d"
    }
  ]
}
JSON
  role sealift-door / 3600 "$trust" "$policy"
fi

if in_account 111111111111; then
# arn:aws:iam::111111111111:role/redshift-unload: is what UNLOAD writes as.
# Source: the source runs statements of this database user as this role, and no other's. Needed by copy, unload,
# resume. Promise: least privilege.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Source",
      "Effect": "Allow",
      "Principal": {
        "Service": "redshift.amazonaws.com"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "StringEquals": {
          "sts:ExternalId": "arn:aws:redshift:eu-west-1:111111111111:dbuser:prod-dw/etl_reader"
        }
      }
    }
  ]
}
JSON
# UnloadList: UNLOAD refuses a prefix below which something is. Needed by copy, unload, resume. Promise: whole
# or untouched.
# Unload: UNLOAD writes data and manifest. Needed by copy, unload, resume. Promise: nothing staged in clear.
# UnloadRead: the manual asks for GET, LIST and PUT. Needed by copy, unload, resume. Promise: nothing staged in
# clear. Asked for by DG copy-usage_notes-access-permissions.
# UnloadKey: under the key, through S3 alone; an object that is uploaded in parts needs both. Needed by copy,
# unload, resume. Promise: nothing staged in clear.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "UnloadList",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws:s3:::corp-sealift"
    },
    {
      "Sid": "Unload",
      "Effect": "Allow",
      "Action": "s3:PutObject",
      "Resource": "arn:aws:s3:::corp-sealift/prod-to-dev/*"
    },
    {
      "Sid": "UnloadRead",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::corp-sealift/prod-to-dev/*"
    },
    {
      "Sid": "UnloadKey",
      "Effect": "Allow",
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "${StageKeyArn}",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": "s3.eu-west-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/prod-to-dev/*"
          ]
        }
      }
    }
  ]
}
JSON
  role redshift-unload / 3600 "$trust" "$policy"
  aws redshift modify-cluster-iam-roles --region eu-west-1 --cluster-identifier prod-dw --add-iam-roles arn:aws:iam::111111111111:role/redshift-unload --query Cluster.ClusterIdentifier --output text
fi

if in_account 222222222222; then
# arn:aws:iam::222222222222:role/sealift-target: looks the target up and logs in to it.
# Loader: taken by arn:aws:iam::333333333333:role/sealift-loader alone, and only with the external id: that it
# cannot be taken without is tried by each run. Needed by check, plan, copy, load, unload, resume, verify,
# clean. Promise: least privilege.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Loader",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::333333333333:root"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::333333333333:role/sealift-loader"
        },
        "StringEquals": {
          "sts:ExternalId": "9d2e-5f1b"
        }
      }
    }
  ]
}
JSON
# LookUpTarget: finds the address of the target. Needed by check, plan, copy, load, unload, resume, verify,
# clean. Promise: least privilege.
# LogInTarget: a password for an hour at most, of this database user in this database. Needed by check, plan,
# copy, load, unload, resume, verify, clean. Promise: no secret anywhere.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "LookUpTarget",
      "Effect": "Allow",
      "Action": "redshift:DescribeClusters",
      "Resource": "arn:aws:redshift:eu-west-1:222222222222:cluster:dev"
    },
    {
      "Sid": "LogInTarget",
      "Effect": "Allow",
      "Action": "redshift:GetClusterCredentials",
      "Resource": [
        "arn:aws:redshift:eu-west-1:222222222222:dbuser:dev/etl_writer",
        "arn:aws:redshift:eu-west-1:222222222222:dbname:dev/analytics"
      ]
    }
  ]
}
JSON
  role sealift-target / 3600 "$trust" "$policy"
fi

if in_account 222222222222; then
# arn:aws:iam::222222222222:role/redshift-copy: is attached to the target, and takes the role that COPY reads
# as.
# Target: the target runs statements of this database user as this role, and no other's. Needed by copy, load,
# resume. Promise: least privilege.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Target",
      "Effect": "Allow",
      "Principal": {
        "Service": "redshift.amazonaws.com"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "StringEquals": {
          "sts:ExternalId": "arn:aws:redshift:eu-west-1:222222222222:dbuser:dev/etl_writer"
        }
      }
    }
  ]
}
JSON
# NextTarget: the chain that the statement names goes on there. Needed by copy, load, resume. Promise: least
# privilege.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "NextTarget",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": "arn:aws:iam::333333333333:role/staging-read"
    }
  ]
}
JSON
  role redshift-copy / 3600 "$trust" "$policy"
  aws redshift modify-cluster-iam-roles --region eu-west-1 --cluster-identifier dev --add-iam-roles arn:aws:iam::222222222222:role/redshift-copy --query Cluster.ClusterIdentifier --output text
fi

if in_account 333333333333; then
# arn:aws:iam::333333333333:role/staging-read: is what COPY reads as.
# Chain: taken by arn:aws:iam::222222222222:role/redshift-copy alone, for this user of the target. Needed by
# copy, load, resume. Promise: least privilege.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Chain",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::222222222222:root"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::222222222222:role/redshift-copy"
        },
        "StringEquals": {
          "sts:ExternalId": "arn:aws:redshift:eu-west-1:222222222222:dbuser:dev/etl_writer"
        }
      }
    }
  ]
}
JSON
# CopyList: COPY looks for what its manifest names. Needed by copy, load, resume. Promise: exit 0 means
# verified. Asked for by DG copy-usage_notes-access-permissions.
# Copy: COPY reads the manifest and the data. Needed by copy, load, resume. Promise: exit 0 means verified.
# CopyKey: under the key, through S3 alone; it can read and never write. Needed by copy, load, resume. Promise:
# nothing staged in clear.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "CopyList",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws:s3:::corp-sealift"
    },
    {
      "Sid": "Copy",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::corp-sealift/prod-to-dev/*"
    },
    {
      "Sid": "CopyKey",
      "Effect": "Allow",
      "Action": "kms:Decrypt",
      "Resource": "${StageKeyArn}",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": "s3.eu-west-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/prod-to-dev/*"
          ]
        }
      }
    }
  ]
}
JSON
  role staging-read / 3600 "$trust" "$policy"
fi

echo done
