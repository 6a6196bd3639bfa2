using Caur.Silo.Hub;

return await DatabaseVerb.Create().Parse(args).InvokeAsync();
