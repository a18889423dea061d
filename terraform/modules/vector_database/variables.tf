variable "name" {
  description = "Name of the service, and what the names of its parts begin with."
  type        = string
}

variable "region" {
  description = "The provider's region."
  type        = string
}

variable "partition" {
  description = "AWS's partition."
  type        = string
}

variable "account_id" {
  description = "The account."
  type        = string
}

variable "cluster_name" {
  description = "ECS cluster that the machine joins."
  type        = string
}

variable "cluster_arn" {
  description = "The same cluster's ARN."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the machine."
  type        = string
}

variable "subnet_id" {
  description = "Private subnet of the machine: its zone is the volume's for good."
  type        = string
}

variable "client_security_group_ids" {
  description = "Security groups that reach Chroma, by what they are of."
  type        = map(string)
}

variable "namespace_id" {
  description = "Private DNS namespace in which Chroma has a name."
  type        = string
}

variable "host" {
  description = "Chroma's name in that namespace."
  type        = string
}

variable "image" {
  description = "Chroma's image."
  type        = string
}

variable "instance_type" {
  description = "Machine; its memory holds the index."
  type        = string
}

variable "ami_id" {
  description = "An ECS-optimised Amazon Linux 2023; null takes the newest that AWS recommends."
  type        = string
}

variable "volume_gb" {
  description = "Size of the volume."
  type        = number
}

variable "snapshot_id" {
  description = "Snapshot that a new volume starts from; null starts empty."
  type        = string
}

variable "snapshot_retention_days" {
  description = "How long daily snapshots are kept."
  type        = number
}

variable "kms_key_arn" {
  description = "KMS key of volume and snapshots; null takes AWS's own."
  type        = string
}

variable "log_retention_days" {
  description = "How long Chroma's logs are kept."
  type        = number
}
