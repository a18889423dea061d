variable "name" {
  description = "Name of the queue."
  type        = string
}

variable "arn" {
  description = "The ARN that a queue of this name has; see the dead_letter_queue module."
  type        = string
}

variable "dead_letter_name" {
  description = "Name of the queue for messages that failed too often."
  type        = string
}

variable "dead_letter_arn" {
  description = "The ARN that a queue of that name has."
  type        = string
}

variable "consumer_timeout_seconds" {
  description = "Time limit of the function that reads the queue."
  type        = number

  validation {
    condition     = var.consumer_timeout_seconds * 6 <= 43200
    error_message = "A visibility timeout of 6 times the function's limit would be over SQS's 12 hours."
  }
}

variable "visibility_timeout_seconds" {
  description = "How long a message that was received stays hidden; null: six times the function's limit."
  type        = number
  default     = null
}

variable "max_receive_count" {
  description = "Attempts at a message before it goes to the dead-letter queue."
  type        = number
}
