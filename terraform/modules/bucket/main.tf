resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_18: Access logs are for the account to decide, as a trail of CloudTrail.
  # checkov:skip=CKV_AWS_144: A second region is for the account to decide; versions and the backup of vectors lie in this one.
  # checkov:skip=CKV2_AWS_62: Only the raw bucket starts anything; its notification stands in the root module.
  bucket        = var.name
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    # With KMS, one data key for the bucket instead of a call to KMS for every object.
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 refuses two changes of a bucket's access at the same time.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  # checkov:skip=CKV_AWS_300: The last rule does so, for all keys.
  bucket = aws_s3_bucket.this.id

  dynamic "rule" {
    for_each = var.archive_rules

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        and {
          prefix                   = rule.value.prefix
          object_size_greater_than = rule.value.larger_than_bytes
        }
      }

      dynamic "transition" {
        for_each = rule.value.transitions

        content {
          days          = transition.value.days
          storage_class = transition.value.storage_class
        }
      }
    }
  }

  dynamic "rule" {
    for_each = var.expiration_days

    content {
      id     = "expire-${trimsuffix(rule.key, "/")}"
      status = "Enabled"

      filter {
        prefix = rule.key
      }

      expiration {
        days = rule.value
      }
    }
  }

  dynamic "rule" {
    for_each = var.noncurrent_archive_days == null ? [] : [var.noncurrent_archive_days]

    content {
      id     = "archive-noncurrent-versions"
      status = "Enabled"

      # Any size: without a bound of ours, S3 would leave versions under 128 KB, nearly all documents, where they are.
      filter {
        object_size_greater_than = 1
      }

      noncurrent_version_transition {
        noncurrent_days = rule.value
        storage_class   = "GLACIER"
      }
    }
  }

  # Apart from the rules above: S3 takes neither of these two actions in a rule that filters by size.
  rule {
    id     = "expire-leftovers"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_expiration_days
    }

    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = var.incomplete_upload_days
    }
  }

  # Rules on noncurrent versions need versioning first.
  depends_on = [aws_s3_bucket_versioning.this]
}
