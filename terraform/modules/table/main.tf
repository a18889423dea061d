locals {
  # Every attribute that is a key anywhere, once.
  key_attributes = merge(
    { (var.partition_key.name) = var.partition_key.type },
    var.sort_key == null ? {} : { (var.sort_key.name) = var.sort_key.type },
    [for index in values(var.indexes) : {
      (index.partition_key.name) = index.partition_key.type
      (index.sort_key.name)      = index.sort_key.type
    }]...
  )
}

resource "aws_dynamodb_table" "this" {
  # checkov:skip=CKV_AWS_119: Encrypted with AWS's key; a customer's own costs a call to KMS for each request.
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = var.partition_key.name
  range_key                   = try(var.sort_key.name, null)
  deletion_protection_enabled = var.deletion_protection

  dynamic "attribute" {
    for_each = local.key_attributes

    content {
      name = attribute.key
      type = attribute.value
    }
  }

  dynamic "global_secondary_index" {
    for_each = var.indexes

    content {
      name            = global_secondary_index.key
      hash_key        = global_secondary_index.value.partition_key.name
      range_key       = global_secondary_index.value.sort_key.name
      projection_type = "ALL"
    }
  }

  dynamic "ttl" {
    for_each = var.ttl_attribute[*]

    content {
      attribute_name = ttl.value
      enabled        = true
    }
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }
}
