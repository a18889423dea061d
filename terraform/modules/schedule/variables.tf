variable "name" {
  description = "Name of the rule."
  type        = string
}

variable "description" {
  description = "What the rule is for."
  type        = string
}

variable "expression" {
  description = "When it fires: rate(…) or cron(…), in UTC."
  type        = string
}

variable "function_name" {
  description = "Name of the function that it invokes."
  type        = string
}

variable "function_arn" {
  description = "ARN of that function."
  type        = string
}

variable "input" {
  description = "The event that the function gets, as JSON; null gives it EventBridge's own."
  type        = string
  default     = null
}

variable "dead_letter_queue_arn" {
  description = "Queue for events that could not be delivered."
  type        = string
}

variable "maximum_event_age_seconds" {
  description = "How long delivery is tried: no longer than until the next event does the same work."
  type        = number
}
