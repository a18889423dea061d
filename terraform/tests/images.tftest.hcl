# Which images the functions run, with and without ECR.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "with_ecr" {
  command = plan

  variables {
    image_tag = "0a1b2c3d"
  }

  assert {
    condition     = toset(keys(output.repository_urls)) == toset(keys(local.functions))
    error_message = "A function has no repository."
  }

  assert {
    condition     = alltrue([for uri in values(output.image_uris) : uri == "123456789012.dkr.ecr.eu-central-1.amazonaws.com/mocked:0a1b2c3d"])
    error_message = "A function does not run the tagged image of its repository."
  }
}

run "without_ecr" {
  command = plan

  variables {
    create_ecr_repositories = false
    image_registry          = "registry.example.com:5000/portfolio"
    image_tag               = "0a1b2c3d"
  }

  assert {
    condition     = length(module.repository) == 0
    error_message = "A repository is made although they are turned off."
  }

  assert {
    condition     = output.image_uris == { for key in keys(local.functions) : key => "registry.example.com:5000/portfolio/${key}:0a1b2c3d" }
    error_message = "Images are not named after image_registry."
  }

  assert {
    condition     = length(module.function) == 5
    error_message = "Functions depend on ECR."
  }
}

run "repository" {
  command = plan

  module {
    source = "./modules/repository"
  }

  variables {
    name         = "portfolio/document-intake"
    function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:document-intake"
  }

  assert {
    condition     = aws_ecr_repository.this.name == "portfolio/document-intake" && aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "A tag could move to other content, or images are not scanned."
  }

  assert {
    condition     = jsondecode(aws_ecr_repository_policy.this[0].policy).Statement[0].Condition.ArnLike["aws:SourceArn"] == "arn:aws:lambda:eu-central-1:123456789012:function:document-intake"
    error_message = "Others than the function may pull through Lambda."
  }
}
