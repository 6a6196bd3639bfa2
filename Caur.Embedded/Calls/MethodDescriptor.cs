using System.Linq.Expressions;
using System.Reflection;
using Caur.Embedded.Copying;
using Orleans;
using Orleans.Concurrency;

namespace Caur.Embedded.Calls;

/// <summary>How one method of a grain or observer interface is called, worked out once.</summary>
internal abstract class MethodDescriptor
{
    private readonly ParameterCopier[] _copiers;

    protected MethodDescriptor(Type interfaceType, MethodInfo method)
    {
        Method = method;
        Name = $"{interfaceType.Name}.{method.Name}";
        IsOneWay = method.IsDefined(typeof(OneWayAttribute)) || method.ReturnType == typeof(void);
        Kind = method.IsDefined(typeof(AlwaysInterleaveAttribute)) ? TurnKind.Interleaving
            : method.IsDefined(typeof(ReadOnlyAttribute)) ? TurnKind.ReadOnly
            : TurnKind.Exclusive;
        Timeout = method.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout;
        var parameters = method.GetParameters();
        CancellationArguments = [.. parameters
            .Where(static parameter => parameter.ParameterType == typeof(CancellationToken))
            .Select(static parameter => parameter.Position)];
        _copiers = [.. parameters
            .Where(static parameter => !parameter.IsDefined(typeof(ImmutableAttribute)))
            .Where(static parameter => !TypeShapes.IsShared(parameter.ParameterType))
            .Select(parameter => new ParameterCopier(parameter.Position, $"argument {parameter.Name} of {Name}"))];
    }

    public MethodInfo Method { get; }

    /// <summary>Interface and method, for messages.</summary>
    public string Name { get; }

    public bool IsOneWay { get; }

    public TurnKind Kind { get; }

    /// <summary>The method's own response timeout.</summary>
    public TimeSpan? Timeout { get; }

    public int[] CancellationArguments { get; }

    public static MethodDescriptor Create(Type interfaceType, MethodInfo method)
    {
        var parameters = method.GetParameters();
        if (method.IsGenericMethodDefinition || Array.Exists(parameters, static parameter => parameter.ParameterType.IsByRef))
        {
            throw new NotSupportedException(
                $"{interfaceType}.{method.Name} cannot be called through a reference: it is generic or has parameters by reference.");
        }

        var result = method.ReturnType;
        var isObserver = typeof(IGrainObserver).IsAssignableFrom(interfaceType);
        var type = result == typeof(Task) || result == typeof(ValueTask) || (result == typeof(void) && isObserver) ? typeof(Nothing)
            : result.IsGenericType && result.GetGenericTypeDefinition() is var open
                && (open == typeof(Task<>) || open == typeof(ValueTask<>)) ? result.GenericTypeArguments[0]
            : throw new NotSupportedException(
                $"{interfaceType}.{method.Name} returns {result}; a grain method returns a task, an observer method a task or nothing.");
        return (MethodDescriptor)Activator.CreateInstance(typeof(MethodDescriptor<>).MakeGenericType(type), interfaceType, method)!;
    }

    /// <summary>Makes the call and returns what the method's signature promises.</summary>
    public abstract object? Call(GrainProxy reference, object?[] arguments);

    protected void CopyArguments(object?[] arguments)
    {
        foreach (var copier in _copiers)
        {
            arguments[copier.Index] = DeepCopier.Copy(arguments[copier.Index], copier.Place);
        }
    }

    private sealed record ParameterCopier(int Index, string Place);
}

/// <summary>The result type of methods that have none.</summary>
[Immutable]
internal readonly struct Nothing
{
    public static async ValueTask<Nothing> FromTask(Task task)
    {
        await task;
        return default;
    }

    public static async ValueTask<Nothing> FromValueTask(ValueTask task)
    {
        await task;
        return default;
    }
}

/// <summary>A method whose result is a <typeparamref name="T"/>.</summary>
internal sealed class MethodDescriptor<T> : MethodDescriptor
{
    private readonly Func<object, object?[], ValueTask<T>> _invoke;
    private readonly Func<Task<T>, object?> _wrap;
    private readonly object? _oneWayResult;
    private readonly string? _resultPlace;

    public MethodDescriptor(Type interfaceType, MethodInfo method)
        : base(interfaceType, method)
    {
        _invoke = Compile(method);
        var returned = method.ReturnType;
        _wrap = returned == typeof(ValueTask) ? static task => new ValueTask(task)
            : returned == typeof(ValueTask<T>) ? static task => new ValueTask<T>(task)
            : static task => task;
        _oneWayResult = returned == typeof(void) ? null : _wrap(Task.FromResult<T>(default!));
        var isShared = TypeShapes.IsShared(typeof(T)) || method.ReturnParameter.IsDefined(typeof(ImmutableAttribute));
        _resultPlace = isShared ? null : $"result of {Name}";
    }

    public ValueTask<T> InvokeAsync(object target, object?[] arguments) => _invoke(target, arguments);

    public T CopyResult(T result) => _resultPlace is null ? result : (T)DeepCopier.Copy(result, _resultPlace)!;

    public override object? Call(GrainProxy reference, object?[] arguments)
    {
        Request<T> request;
        try
        {
            CopyArguments(arguments);
            request = new Request<T>(this, reference, arguments);
        }
        catch (Exception error)
        {
            // Also where the method returns at once: what the caller did wrong, the caller hears.
            if (Method.ReturnType == typeof(void))
            {
                throw;
            }

            return _wrap(Task.FromException<T>(error));
        }

        if (!request.TryLinkCancellation(out var cancelled))
        {
            return IsOneWay ? _oneWayResult : _wrap(Task.FromCanceled<T>(cancelled));
        }

        var result = IsOneWay ? _oneWayResult : _wrap(request.Result);
        reference.Engine.Send(request);
        return result;
    }

    private static Func<object, object?[], ValueTask<T>> Compile(MethodInfo method)
    {
        var target = Expression.Parameter(typeof(object));
        var arguments = Expression.Parameter(typeof(object?[]));
        var call = Expression.Call(
            Expression.Convert(target, method.DeclaringType!),
            method,
            method.GetParameters().Select(parameter => Expression.Convert(
                Expression.ArrayIndex(arguments, Expression.Constant(parameter.Position)), parameter.ParameterType)));
        var returned = method.ReturnType;
        Expression body = returned == typeof(void) ? Expression.Block(call, Expression.Default(typeof(ValueTask<T>)))
            : returned == typeof(Task) ? Expression.Call(typeof(Nothing), nameof(Nothing.FromTask), null, call)
            : returned == typeof(ValueTask) ? Expression.Call(typeof(Nothing), nameof(Nothing.FromValueTask), null, call)
            : returned == typeof(Task<T>) ? Expression.New(typeof(ValueTask<T>).GetConstructor([typeof(Task<T>)])!, call)
            : call;
        return Expression.Lambda<Func<object, object?[], ValueTask<T>>>(body, target, arguments).Compile();
    }
}
