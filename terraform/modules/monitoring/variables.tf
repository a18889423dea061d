variable "topic_name" {
  description = "Name of the topic that alarms notify."
  type        = string
}

variable "dashboard_name" {
  description = "Name of the dashboard."
  type        = string
}

variable "account_id" {
  description = "Account whose alarms may notify the topic."
  type        = string
}

variable "region" {
  description = "Region whose metrics the dashboard shows."
  type        = string
}

variable "partition" {
  description = "Partition of AWS, as ARNs name it."
  type        = string
}

variable "emulated" {
  description = "Make the alarms in the way that an emulator reads back as it was told."
  type        = bool
}

variable "emails" {
  description = "Addresses that the topic notifies."
  type        = set(string)
}

variable "namespace" {
  description = "Namespace of the pipeline's own metrics."
  type        = string
}

variable "alarms" {
  description = "Alarms by name. Each fires when a statistic of one of the pipeline's own metrics is above a threshold over 5 minutes."
  type = map(object({
    description = string
    metric      = string
    statistic   = string
    threshold   = number
  }))
}

variable "function_names" {
  description = "Functions that the dashboard shows."
  type        = list(string)
}

variable "queue_names" {
  description = "Queues that the dashboard shows."
  type        = list(string)
}

variable "dead_letter_queue_names" {
  description = "Dead-letter queues that the dashboard shows."
  type        = list(string)
}
