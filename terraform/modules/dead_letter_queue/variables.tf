variable "name" {
  description = "Name of the queue."
  type        = string
}

variable "arn" {
  description = "The ARN that a queue of this name has. It is given, not read back, so that the policy is set in the call that creates the queue: as a resource of its own it would add half a minute of waiting to every apply."
  type        = string
}

variable "source_queue_arns" {
  description = "Queues that may name this one as theirs; with none, no queue may."
  type        = list(string)
  default     = []
}

variable "publisher_rule_arns" {
  description = "EventBridge rules that may send events here that they could not deliver."
  type        = list(string)
  default     = []
}
