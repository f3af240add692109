DROP SERVER usage_server CASCADE;
