variable "name" {
  description = "Name of the service, and what the names of its parts begin with: up to 32 characters, the limit of load balancers."
  type        = string
}

variable "region" {
  description = "The provider's region."
  type        = string
}

variable "account_id" {
  description = "The account."
  type        = string
}

variable "cluster_name" {
  description = "ECS cluster of the service."
  type        = string
}

variable "cluster_arn" {
  description = "The same cluster's ARN."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the service."
  type        = string
}

variable "vpc_cidr" {
  description = "The VPC's addresses."
  type        = string
}

variable "private_subnet_ids" {
  description = "Subnets of the tasks."
  type        = list(string)
}

variable "public_subnet_ids" {
  description = "Subnets of the load balancer, unless it is internal."
  type        = list(string)
}

variable "internal" {
  description = "Whether the load balancer has private addresses only."
  type        = bool
}

variable "allowed_cidr_blocks" {
  description = "Addresses that reach the load balancer."
  type        = set(string)
}

variable "certificate_arn" {
  description = "Certificate of the load balancer; null serves HTTP alone."
  type        = string
}

variable "image_uri" {
  description = "The API's image."
  type        = string
}

variable "repository_arn" {
  description = "ECR repository of the image; null where it comes from elsewhere."
  type        = string
}

variable "architecture" {
  description = "Instruction set of the image: x86_64 or arm64."
  type        = string
}

variable "cpu" {
  description = "CPU units of a task; 1024 are a vCPU."
  type        = number
}

variable "memory_mb" {
  description = "Memory of a task."
  type        = number
}

variable "minimum_tasks" {
  description = "Tasks that always run."
  type        = number
}

variable "maximum_tasks" {
  description = "Tasks at most; the minimum turns autoscaling off."
  type        = number
}

variable "environment" {
  description = "Environment variables of the API."
  type        = map(string)
}

variable "secret_names" {
  description = "Names of the secrets, by the environment variable that each is for."
  type        = map(string)
}

variable "secret_recovery_days" {
  description = "Days in which a deleted secret can be taken back; 0 deletes at once."
  type        = number
}

variable "kms_key_arn" {
  description = "KMS key of the secrets; null takes AWS's own."
  type        = string
}

variable "statements" {
  description = "What the API may do."
  type = list(object({
    sid       = string
    effect    = optional(string, "Allow")
    actions   = list(string)
    resources = list(string)
    condition = optional(map(map(string)), {})
  }))
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the project's metrics."
  type        = string
}

variable "log_retention_days" {
  description = "How long the API's logs are kept."
  type        = number
}

variable "deletion_protection" {
  description = "Refuse to delete the load balancer."
  type        = bool
}
