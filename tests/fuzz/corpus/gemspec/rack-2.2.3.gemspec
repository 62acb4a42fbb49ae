# -*- encoding: utf-8 -*-
# stub: rack 2.2.3 ruby lib

Gem::Specification.new do |s|
  s.name = "rack".freeze
  s.version = "2.2.3"
  s.platform = "x86_64-linux".freeze
  s.require_paths = ["lib".freeze]
end
