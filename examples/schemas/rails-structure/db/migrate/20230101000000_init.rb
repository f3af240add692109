class Init < ActiveRecord::Migration[7.1]
end
