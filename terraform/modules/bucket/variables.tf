variable "name" {
  description = "Name of the bucket."
  type        = string
}

variable "kms_key_arn" {
  description = "KMS key of the default encryption; null encrypts with keys that S3 manages."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Let the bucket be deleted with the objects in it."
  type        = bool
}

variable "archive_rules" {
  description = "Storage classes that current objects move to, by the rule's id: their prefix, which size in bytes they must exceed, and at which age in days they move where. The size is not optional: without it, S3 leaves every object under 128 KB where it is."
  type = map(object({
    prefix            = string
    larger_than_bytes = number
    transitions = list(object({
      days          = number
      storage_class = string
    }))
  }))
  default = {}
}

variable "expiration_days" {
  description = "Ages in days at which current objects are deleted, by their prefix."
  type        = map(number)
  default     = {}
}

variable "noncurrent_archive_days" {
  description = "Age in days at which noncurrent versions move to Glacier; null leaves them where they are."
  type        = number
  default     = null
}

variable "noncurrent_expiration_days" {
  description = "Age in days at which noncurrent versions are deleted for good."
  type        = number
}

variable "incomplete_upload_days" {
  description = "Age in days at which a multipart upload that never ended is given up."
  type        = number
}
