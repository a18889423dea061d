variable "name" {
  description = "Name of the function."
  type        = string
}

variable "role_name" {
  description = "Name of the function's role."
  type        = string
}

variable "description" {
  description = "What the function does."
  type        = string
}

variable "image_uri" {
  description = "The image to run, with its tag."
  type        = string
}

variable "architecture" {
  description = "Instruction set of the image: x86_64 or arm64."
  type        = string
}

variable "timeout_seconds" {
  description = "Time limit of one invocation."
  type        = number
}

variable "memory_mb" {
  description = "Memory, and with it the share of CPU: one whole vCPU at 1769."
  type        = number
}

variable "reserved_concurrency" {
  description = "Invocations at once that are kept for this function alone; -1 keeps none."
  type        = number
}

variable "environment" {
  description = "Environment variables of the function."
  type        = map(string)
}

variable "statements" {
  description = "What the function may do, beside writing its own logs: statements of its role's policy."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
    effect    = optional(string, "Allow")
    condition = optional(map(map(string)), {})
  }))
}

variable "log_level" {
  description = "What the function logs: DEBUG, INFO, WARNING or ERROR."
  type        = string
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
}

variable "tracing_enabled" {
  description = "Trace with X-Ray."
  type        = bool
}

variable "vpc_config" {
  description = "Subnets and security groups; null runs the function outside a VPC."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
}

variable "queue" {
  description = "The queue that feeds the function, how many messages it hands to an invocation, and how many invocations it feeds at once. Null for a function that no queue feeds."
  type = object({
    arn                 = string
    batch_size          = number
    maximum_concurrency = number
  })
}

variable "on_failure" {
  description = "For a function that is invoked asynchronously: the queue for events that failed for good, and how often Lambda tries again before. Null for others."
  type = object({
    queue_arn              = string
    maximum_retry_attempts = number
  })
}

variable "recursive" {
  description = "The function invokes itself on purpose, and bounds that by itself: Lambda's loop detection, which would stop it after some 16 times, is off."
  type        = bool
  default     = false
}
