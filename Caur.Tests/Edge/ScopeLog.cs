using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Edge;

/// <summary>Keeps the scopes around what is logged as an error.</summary>
internal sealed class ScopeLog : ILoggerProvider, ILogger, ISupportExternalScope
{
    private readonly ConcurrentQueue<string> _scopes = new();
    private IExternalScopeProvider? _provider;

    public IReadOnlyCollection<string> ScopesOfErrors => _scopes;

    public ILogger CreateLogger(string categoryName) => this;

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _provider = scopeProvider;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => _provider?.Push(state);

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            _provider?.ForEachScope(
                (scope, _) =>
                {
                    if (scope is IEnumerable<KeyValuePair<string, object>> pairs)
                    {
                        _scopes.Enqueue(string.Join(' ', pairs));
                    }
                },
                0);
        }
    }

    public void Dispose()
    {
    }
}
