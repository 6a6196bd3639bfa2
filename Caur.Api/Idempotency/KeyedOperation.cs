using Microsoft.AspNetCore.Http;

namespace Caur.Api.Idempotency;

/// <summary>What a request with an <c>Idempotency-Key</c> carries with it.</summary>
/// <param name="Operation">The operation id that stands for the key.</param>
/// <remarks>How keys and operation ids relate: the grains know operation ids (of schedules and of changes to repositories) and do nothing twice
/// under one. The key adds what they cannot: the very same answer again, also where it was a refusal, for every write, and a refusal when
/// the body is another. It keeps no second record of what was done: the first request under a key draws an operation id, which is durable
/// with the key before anything is done and is handed to the route as if the client had sent it. So a request that is repeated because the
/// hub died in the middle is carried out again, and the grain makes of it the same operation. Without a key, clients that send an
/// <c>operation</c> of their own have what the grains give.</remarks>
public sealed record KeyedOperation(Guid Operation)
{
    /// <summary>True when nothing was done, because the first answer was given again.</summary>
    public bool IsReplayed { get; init; }
}

/// <summary>A body whose operation id may be left to the <c>Idempotency-Key</c>.</summary>
public interface IOperationBody
{
    /// <summary>The operation id that the client sent, if it did.</summary>
    Guid? Operation { get; }

    /// <summary>The same body with an operation id.</summary>
    IOperationBody WithOperation(Guid operation);
}

/// <summary>On an endpoint: its answer holds a secret, which is kept in no file. Repeated after a restart it is carried out again.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class)]
public sealed class SecretAnswerAttribute : Attribute;

/// <summary>Gives bodies the operation id of the request's key.</summary>
internal static class OperationFilter
{
    public static ValueTask<object?> ApplyAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (context.HttpContext.Features.Get<KeyedOperation>() is { } keyed)
        {
            for (var i = 0; i < context.Arguments.Count; i++)
            {
                if (context.Arguments[i] is IOperationBody { Operation: null } body)
                {
                    context.Arguments[i] = body.WithOperation(keyed.Operation);
                }
            }
        }

        return next(context);
    }
}
